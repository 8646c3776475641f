/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware as users of ST Edge AI write it: one application with three networks. It knows no tvm_ai. */
#include "outside.h"
#include "stai.h"
#include "stai_events.h"
#include "tiny.h"
#include "tiny_data.h"
#include "tiny_details.h"
#include "total.h"

#include "check.h"

#include <string.h>

#if STAI_TINY_STATES_NUM != 0 || !(STAI_TINY_FLAGS & STAI_FLAG_INPUTS) || (STAI_TINY_FLAGS & STAI_FLAG_ACTIVATIONS)
#error "the flags of tiny are not those expected"
#endif
#if (STAI_OUTSIDE_FLAGS & (STAI_FLAG_INPUTS | STAI_FLAG_OUTPUTS)) || !(STAI_OUTSIDE_FLAGS & STAI_FLAG_WEIGHTS)
#error "the flags of outside are not those expected"
#endif

static STAI_NETWORK_CONTEXT_DECLARE(tiny, STAI_TINY_CONTEXT_SIZE)
STAI_NETWORK_CONTEXT_DECLARE(second, STAI_TINY_CONTEXT_SIZE)
STAI_NETWORK_CONTEXT_DECLARE(outside, STAI_OUTSIDE_CONTEXT_SIZE)
STAI_ALIGNED(STAI_TINY_CONTEXT_ALIGNMENT) static stai_network total[STAI_TOTAL_CONTEXT_SIZE];

STAI_ALIGNED(STAI_TINY_ACTIVATION_1_ALIGNMENT) static uint8_t activations[STAI_TINY_ACTIVATION_1_SIZE_BYTES];
STAI_ALIGNED(8) static uint8_t more_activations[STAI_TINY_ACTIVATIONS_SIZE + 8];
STAI_ALIGNED(STAI_TINY_WEIGHT_1_ALIGNMENT) static uint8_t weights[STAI_TINY_WEIGHTS_SIZE_BYTES];

/* Room for all inputs and outputs; as in examples, addresses are rounded up inside. */
static uint8_t in_data[STAI_OUTSIDE_IN_SIZE_BYTES];
static uint8_t out_data[STAI_OUTSIDE_OUT_SIZE_BYTES];

static stai_ptr aligned(uint8_t *address, uint8_t alignment)
{
    return (stai_ptr)(((uintptr_t)address + alignment - 1) & ~(uintptr_t)(alignment - 1));
}

static void fill(stai_ptr x, stai_ptr side, int seed)
{
    for (int i = 0; i < 8; i++) {
        x[i] = (uint8_t)(seed * 7 + i * 11 - 40);
        side[i] = (uint8_t)(i * 3 - seed);
    }
}

static void show(const char *title, const stai_ptr *outputs)
{
    const int8_t *sums = (const int8_t *)outputs[0];
    const float *real = (const float *)(const void *)outputs[1];
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", sums[i]);
    }
    for (int i = 0; i < 8; i++) {
        print(" %ld", (long)(real[i] * 1000.0f + (real[i] < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

static void run(const char *title, stai_network *network, int seed)
{
    stai_ptr inputs[STAI_TINY_IN_NUM], outputs[STAI_TINY_OUT_NUM];
    stai_size n_inputs, n_outputs;
    CHECK(stai_tiny_get_inputs(network, inputs, &n_inputs) == STAI_SUCCESS);
    CHECK(stai_tiny_get_outputs(network, outputs, &n_outputs) == STAI_SUCCESS);
    CHECK(n_inputs == STAI_TINY_IN_NUM && n_outputs == STAI_TINY_OUT_NUM);
    fill(inputs[0], inputs[1], seed);
    CHECK(stai_tiny_run(network, STAI_MODE_SYNC) == STAI_SUCCESS);
    CHECK(stai_tiny_get_error(network) == STAI_SUCCESS);
    show(title, outputs);
}

static void begin(void)
{
    const stai_ptr acts[] = {activations};
    stai_ptr found[STAI_TINY_ACTIVATIONS_NUM];
    stai_size n = 9;
    CHECK(stai_runtime_init() == STAI_SUCCESS);
    CHECK(stai_tiny_get_context_size() == sizeof tiny);
    CHECK(stai_tiny_init(tiny) == STAI_SUCCESS);
    CHECK(stai_tiny_get_activations(tiny, found, &n) == STAI_SUCCESS && n == 1 && found[0] == NULL);
    CHECK(stai_tiny_set_activations(tiny, acts, STAI_TINY_ACTIVATIONS_NUM) == STAI_SUCCESS);
    CHECK(stai_tiny_get_activations(tiny, found, NULL) == STAI_SUCCESS && found[0] == activations);
    CHECK(stai_tiny_get_states(tiny, NULL, &n) == STAI_SUCCESS && n == STAI_TINY_STATES_NUM);
    CHECK(stai_tiny_set_states(tiny, NULL, 0) == STAI_SUCCESS);
    run("first", tiny, 1);
    CHECK(stai_tiny_run(tiny, STAI_MODE_ASYNC) == STAI_DONE);
}

static void two_contexts_of_one_network(void)
{
    const stai_ptr acts[] = {more_activations};
    CHECK(stai_tiny_init(second) == STAI_SUCCESS);
    CHECK(stai_tiny_set_activations(second, acts, 1) == STAI_SUCCESS);
    run("second", second, 2);
    run("first again", tiny, 3);
    CHECK(stai_tiny_deinit(second) == STAI_SUCCESS);
    /* Other activations, and the inputs in them. */
    CHECK(stai_tiny_set_activations(tiny, acts, 1) == STAI_SUCCESS);
    run("moved", tiny, 4);
}

static void weights_elsewhere(void)
{
    stai_ptr wgts[STAI_TINY_WEIGHTS_NUM], mine[] = {weights};
    stai_size n;
    CHECK(stai_tiny_get_weights(tiny, wgts, &n) == STAI_SUCCESS && n == STAI_TINY_WEIGHTS_NUM);
    CHECK((const void *)wgts[0] == (const void *)g_tiny_weights_array);
    CHECK(sizeof g_tiny_weights_array >= STAI_TINY_WEIGHTS_SIZE_BYTES);
    (void)memcpy(weights, wgts[0], sizeof weights);
    CHECK(stai_tiny_set_weights(tiny, mine, 1) == STAI_SUCCESS);
    run("copied weights", tiny, 5);
    (void)memset(weights, 0, sizeof weights);
    run("no weights", tiny, 5);
    CHECK(stai_tiny_set_weights(tiny, wgts, 1) == STAI_SUCCESS);
}

static void buffers_of_the_application(void)
{
    const uint8_t in_aligns[] = STAI_OUTSIDE_IN_ALIGNMENTS, out_aligns[] = STAI_OUTSIDE_OUT_ALIGNMENTS;
    const stai_size in_sizes[] = STAI_OUTSIDE_IN_SIZES_BYTES, out_sizes[] = STAI_OUTSIDE_OUT_SIZES_BYTES;
    const stai_ptr acts[] = {activations};
    stai_ptr in[2], out[2];
    in[0] = aligned(in_data, in_aligns[0]);
    in[1] = aligned(in[0] + in_sizes[0], in_aligns[1]);
    out[0] = aligned(out_data, out_aligns[0]);
    out[1] = aligned(out[0] + out_sizes[0], out_aligns[1]);
    CHECK(in[1] + in_sizes[1] <= in_data + sizeof in_data);
    CHECK(out[1] + out_sizes[1] <= out_data + sizeof out_data);

    /* Before the activations or after, in any order. */
    CHECK(stai_outside_init(outside) == STAI_SUCCESS);
    CHECK(stai_outside_set_inputs(outside, in, STAI_OUTSIDE_IN_NUM) == STAI_SUCCESS);
    CHECK(stai_outside_set_activations(outside, acts, 1) == STAI_SUCCESS);
    CHECK(stai_outside_set_outputs(outside, out, STAI_OUTSIDE_OUT_NUM) == STAI_SUCCESS);
    fill(in[0], in[1], 6);
    CHECK(stai_outside_run(outside, STAI_MODE_SYNC) == STAI_SUCCESS);
    show("outside", out);

    /* Inputs that were generated into the activations may be elsewhere all the same. */
    CHECK(stai_tiny_set_inputs(tiny, in, 2) == STAI_SUCCESS);
    run("elsewhere", tiny, 7);
    CHECK(stai_tiny_set_activations(tiny, acts, 1) == STAI_SUCCESS);
    run("still elsewhere", tiny, 8);
    CHECK(in[0][0] == (uint8_t)(8 * 7 - 40));
}

static void two_networks_in_one_memory(void)
{
    const stai_ptr acts[] = {activations};
    CHECK(stai_tiny_init(tiny) == STAI_SUCCESS && stai_tiny_set_activations(tiny, acts, 1) == STAI_SUCCESS);
    CHECK(stai_total_init(total) == STAI_SUCCESS && stai_total_set_activations(total, acts, 1) == STAI_SUCCESS);
    for (int seed = 1; seed <= 2; seed++) {
        stai_ptr sums[2], in[1], out[1];
        uint8_t values[STAI_TOTAL_IN_1_SIZE_BYTES];
        int32_t result;
        run("tiny", tiny, seed);
        CHECK(stai_tiny_get_outputs(tiny, sums, NULL) == STAI_SUCCESS);
        CHECK(stai_total_get_inputs(total, in, NULL) == STAI_SUCCESS);
        CHECK(stai_total_get_outputs(total, out, NULL) == STAI_SUCCESS);
        (void)memcpy(values, sums[0], sizeof values);
        (void)memcpy(in[0], values, sizeof values);
        CHECK(stai_total_run(total, STAI_MODE_SYNC) == STAI_SUCCESS);
        (void)memcpy(&result, out[0], sizeof result);
        print("total: %ld\n", (long)result);
    }
    CHECK(STAI_TOTAL_WEIGHTS_NUM == 0 && stai_total_set_weights(total, NULL, 0) == STAI_SUCCESS);
    CHECK(stai_tiny_run(total, STAI_MODE_SYNC) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
}

/* --- what an application can ask --- */

static void show_tensor(const stai_tensor *tensor)
{
    print(" %s: type %d sign %d bits %d, %lu bytes, flags %lx", tensor->name, (int)STAI_FORMAT_GET_TYPE(tensor->format),
          (int)STAI_FORMAT_GET_SIGN(tensor->format), (int)STAI_FORMAT_GET_BITS(tensor->format),
          (unsigned long)tensor->size_bytes, (unsigned long)tensor->flags);
    for (stai_size i = 0; i < tensor->shape.size; i++) {
        print("%c%ld", i == 0 ? ' ' : 'x', (long)tensor->shape.data[i]);
    }
    for (stai_size i = 0; i < tensor->scale.size; i++) {
        print(", %ld/1000 zero %d", (long)(tensor->scale.data[i] * 1000.0f), tensor->zeropoint.data[i]);
    }
    print("\n");
}

static void info(void)
{
    stai_network_info info;
    stai_runtime_info runtime;
    const int32_t shape[] = STAI_TINY_IN_1_SHAPE;
    const char *const names[] = STAI_TINY_OUT_NAMES;
    CHECK(stai_runtime_get_info(&runtime) == STAI_SUCCESS && runtime.api_version.major == 1);
    CHECK(stai_runtime_get_info(NULL) == STAI_ERROR_NETWORK_INVALID_INFO);
    CHECK(stai_tiny_get_info(tiny, &info) == STAI_SUCCESS);
    print("%s %.8s: tool %d.%d.%d, api %d.%d.%d, %lu MACC, %lu nodes\n", info.c_model_name, info.model_signature,
          info.tool_version.major, info.tool_version.minor, info.tool_version.micro, info.api_version.major,
          info.api_version.minor, info.api_version.micro, (unsigned long)info.n_macc, (unsigned long)info.n_nodes);
    print(" %lu bytes of activations, %lu of weights, %d states\n", (unsigned long)info.activations[0].size_bytes,
          (unsigned long)info.weights[0].size_bytes, info.n_states);
    for (unsigned i = 0; i < info.n_inputs; i++) {
        show_tensor(&info.inputs[i]);
    }
    for (unsigned i = 0; i < info.n_outputs; i++) {
        show_tensor(&info.outputs[i]);
    }
    CHECK(strcmp(info.model_signature, STAI_TINY_ORIGIN_MODEL_SIGNATURE) == 0);
    CHECK(info.flags == STAI_TINY_FLAGS && info.n_macc == STAI_TINY_MACC_NUM && info.n_nodes == STAI_TINY_NODES_NUM);
    CHECK(shape[1] == STAI_TINY_IN_1_HEIGHT && shape[3] == STAI_TINY_IN_1_CHANNEL && STAI_TINY_IN_1_RANK == 4);
    CHECK(strcmp(names[1], STAI_TINY_OUT_2_NAME) == 0 && STAI_TINY_MODEL_SIGNATURE != 0);
    for (unsigned i = 0; i < g_tiny_details.n_nodes; i++) {
        const stai_node_details *node = &g_tiny_details.details[i];
        print("node %d: type %d, %s, %s", (int)node->id, node->type, node->name,
              g_tiny_details.tensors[node->input_tensors.data[0]].name);
        print(" and %d more -> %s\n", (int)node->input_tensors.size - 1,
              g_tiny_details.tensors[node->output_tensors.data[0]].name);
    }
    CHECK(g_tiny_details.outputs.size == 2 && g_tiny_details.n_tensors == 6);
    CHECK(strcmp(g_tiny_details.tensors[g_tiny_details.inputs.data[1]].name, STAI_TINY_IN_2_NAME) == 0);
}

static void observe(void *cookie, const stai_event_type event_type, const void *event_payload)
{
    const stai_event_node_start_stop *node = event_payload;
    ++*(int *)cookie;
    print("%s node %d type %d %s\n", event_type == STAI_EVENT_NODE_START ? "start" : "stop", (int)node->node_id,
          (int)node->type, node->name);
}

static void observer(void)
{
    int told = 0;
    CHECK(stai_tiny_set_callback(tiny, observe, &told) == STAI_SUCCESS);
    run("observed", tiny, 1);
    CHECK(told == 2 * STAI_TINY_NODES_NUM);
    CHECK(stai_tiny_set_callback(tiny, NULL, NULL) == STAI_SUCCESS);
    run("alone", tiny, 2);
    CHECK(told == 2 * STAI_TINY_NODES_NUM);
}

/* --- wrong use --- */

static void bad_contexts(void)
{
    static STAI_NETWORK_CONTEXT_DECLARE(zeros, STAI_TINY_CONTEXT_SIZE)
    const struct {
        stai_network *network;
        stai_return_code code;
    } cases[] = {
        {NULL, STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE},
        {zeros, STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE},
        {second, STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE}, /* after deinit */
        {tiny + 4, STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT},
    };
    stai_ptr addresses[2] = {activations, activations};
    stai_network_info info;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stai_network *network = cases[i].network;
        const stai_return_code code = cases[i].code;
        CHECK(stai_tiny_run(network, STAI_MODE_SYNC) == code);
        CHECK(stai_tiny_deinit(network) == code);
        CHECK(stai_tiny_get_error(network) == code);
        CHECK(stai_tiny_get_info(network, &info) == code);
        CHECK(stai_tiny_set_callback(network, observe, NULL) == code);
        CHECK(stai_tiny_get_inputs(network, addresses, NULL) == code);
        CHECK(stai_tiny_set_outputs(network, addresses, 2) == code);
        CHECK(stai_tiny_set_activations(network, addresses, 1) == code);
        CHECK(stai_tiny_get_weights(network, addresses, NULL) == code);
    }
    CHECK(stai_tiny_init(NULL) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
    CHECK(stai_tiny_init(tiny + 4) == STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT);
}

static void bad_buffers(void)
{
    stai_ptr none[2] = {NULL, NULL}, odd[] = {more_activations + 4}, acts[] = {activations};
    stai_ptr odd_weights[] = {weights + 2}, odd_out[] = {out_data + 4, aligned(out_data, 4) + 2};
    CHECK(stai_outside_init(outside) == STAI_SUCCESS);
    CHECK(stai_outside_run(outside, STAI_MODE_SYNC) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_outside_set_activations(outside, acts, 2) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_NUM);
    /* The first one is remembered until it is asked for. */
    CHECK(stai_outside_get_error(outside) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_outside_get_error(outside) == STAI_SUCCESS);
    CHECK(stai_outside_set_activations(outside, NULL, 1) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_outside_set_activations(outside, none, 1) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_outside_set_activations(outside, odd, 1) == STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
    CHECK(stai_outside_set_activations(outside, acts, 1) == STAI_SUCCESS);
    CHECK(stai_outside_run(outside, STAI_MODE_SYNC) == STAI_ERROR_NETWORK_INVALID_IN_PTR);
    CHECK(stai_outside_set_inputs(outside, none, 2) == STAI_ERROR_NETWORK_INVALID_IN_PTR);
    CHECK(stai_outside_set_inputs(outside, NULL, 2) == STAI_ERROR_NETWORK_INVALID_IN_PTR);
    CHECK(stai_outside_set_inputs(outside, acts, 1) == STAI_ERROR_NETWORK_INVALID_IN_NUM);
    CHECK(stai_outside_set_inputs(outside, odd_out, 2) == STAI_SUCCESS); /* bytes may be anywhere */
    CHECK(stai_outside_run(outside, STAI_MODE_SYNC) == STAI_ERROR_NETWORK_INVALID_OUT_PTR);
    CHECK(stai_outside_set_outputs(outside, odd_out, 2) == STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
    CHECK(stai_outside_set_outputs(outside, acts, 1) == STAI_ERROR_NETWORK_INVALID_OUT_NUM);
    CHECK(stai_outside_set_weights(outside, none, 1) == STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR);
    CHECK(stai_outside_set_weights(outside, none, 0) == STAI_ERROR_NETWORK_INVALID_WEIGHTS_NUM);
    CHECK(stai_outside_set_weights(outside, odd_weights, 1) == STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
    CHECK(stai_outside_set_states(outside, none, 1) == STAI_ERROR_NETWORK_INVALID_STATES_NUM);
    CHECK(stai_outside_get_outputs(outside, NULL, NULL) == STAI_ERROR_NETWORK_INVALID_OUT_PTR);
    CHECK(stai_outside_get_info(outside, NULL) == STAI_ERROR_NETWORK_INVALID_INFO);
    CHECK(stai_outside_run(outside, (stai_run_mode)99) == STAI_ERROR_NETWORK_INVALID_RUN);
    CHECK(stai_outside_deinit(outside) == STAI_SUCCESS);
    CHECK(stai_outside_run(outside, STAI_MODE_SYNC) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
}

int main(void)
{
    begin();
    two_contexts_of_one_network();
    weights_elsewhere();
    buffers_of_the_application();
    two_networks_in_one_memory();
    info();
    observer();
    bad_contexts();
    bad_buffers();
    run("after all that", tiny, 3);
    CHECK(stai_tiny_deinit(tiny) == STAI_SUCCESS && stai_runtime_deinit() == STAI_SUCCESS);
    finish();
}
