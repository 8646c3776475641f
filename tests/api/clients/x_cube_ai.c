/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware as users of X-CUBE-AI 7.1 and later write it: one application with three networks. It knows no tvm_ai. */
#include "ai_platform.h"
#include "outside.h"
#include "outside_data.h"
#include "tiny.h"
#include "tiny_data.h"
#include "total.h"
#include "total_data.h"

#include "ai_datatypes_defines.h"
#include "ai_platform_interface.h"

#include "check.h"
#include "x_cube_ai_tiny.h"

#include <string.h>

#if AI_TOOLS_VERSION_MAJOR < 7
#error "this firmware is for X-CUBE-AI 7.1 or later"
#endif
#if !defined(AI_TINY_INPUTS_IN_ACTIVATIONS) || defined(AI_OUTSIDE_INPUTS_IN_ACTIVATIONS)
#error "inputs are not where they are expected"
#endif

AI_ALIGNED(4) AI_STATIC ai_u8 activations[AI_TINY_DATA_ACTIVATIONS_SIZE];
AI_ALIGNED(4) AI_STATIC ai_u8 weights[AI_TINY_DATA_WEIGHTS_SIZE];
AI_STATIC ai_handle tiny = AI_HANDLE_NULL;

AI_ALIGNED(4) static ai_i8 in_1[AI_OUTSIDE_IN_1_SIZE];
AI_ALIGNED(4) static ai_i8 in_2[AI_OUTSIDE_IN_2_SIZE_BYTES];
AI_ALIGNED(4) static ai_i8 out_1[AI_OUTSIDE_OUT_1_SIZE];
static ai_float out_2[AI_OUTSIDE_OUT_2_SIZE];

static void run_tiny(const char *title, int seed)
{
    run_on(tiny, title, seed);
}

/* --- the ways to begin --- */

static void begin_in_one_call(void)
{
    const ai_handle acts[] = {activations};
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    run_tiny("one call", 1);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);

    /* The table of the library, completed by the application. */
    AI_TINY_DATA_ACTIVATIONS_TABLE_GET()[0] = AI_HANDLE_PTR(activations);
    CHECK(g_tiny_activations_table[0] == (ai_handle)(uintptr_t)AI_MAGIC_MARKER);
    EXPECT(ai_tiny_create_and_init(&tiny, NULL, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    run_tiny("tables", 2);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

static void begin_in_two_calls(void)
{
    /* As CubeMX generates it. */
    ai_network_params params;
    EXPECT(ai_tiny_create(&tiny, AI_TINY_DATA_CONFIG), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    CHECK(ai_tiny_data_params_get(&params));
    CHECK(AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(&params.map_activations, 0, activations));
    CHECK(!AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(&params.map_activations, 1, activations));
    CHECK(ai_tiny_init(tiny, &params));
    run_tiny("two calls", 3);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);

    /* As before 7.1: one buffer of each. */
    ai_network_params old = AI_NETWORK_PARAMS_INIT(AI_TINY_DATA_WEIGHTS(ai_tiny_data_weights_get()),
                                                   AI_TINY_DATA_ACTIVATIONS(activations));
    EXPECT(ai_tiny_create(&tiny, AI_TINY_DATA_CONFIG), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    CHECK(ai_tiny_init(tiny, &old));
    run_tiny("old parameters", 4);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

static void weights_elsewhere(void)
{
    const ai_handle acts[] = {activations};
    const ai_handle wgts[] = {weights};
    (void)memcpy(weights, AI_TINY_DATA_WEIGHTS_TABLE_GET()[0], sizeof weights);
    EXPECT(ai_tiny_create_and_init(&tiny, acts, wgts), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    run_tiny("copied weights", 5);
    /* They are really read: without biases and factors all sums are those of the second input. */
    (void)memset(weights, 0, sizeof weights);
    run_tiny("no weights", 5);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

/* --- buffers --- */

static void buffers_of_the_application(void)
{
    ai_handle outside;
    const ai_handle acts[] = {activations};
    EXPECT(ai_outside_create_and_init(&outside, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    ai_buffer *in = ai_outside_inputs_get(outside, NULL);
    ai_buffer *out = ai_outside_outputs_get(outside, NULL);
    CHECK(in[0].data == NULL && out[1].data == NULL);
    in[0].data = AI_HANDLE_PTR(in_1);
    in[1].data = AI_HANDLE_PTR(in_2);
    out[0].data = AI_HANDLE_PTR(out_1);
    out[1].data = AI_HANDLE_PTR(out_2);
    fill(in_1, in_2, 6);
    CHECK(ai_outside_run(outside, in, out) == 1);
    show("outside", out_1, out_2);

    /* forward writes where outputs_get says. */
    (void)memset(out_1, 0, sizeof out_1);
    CHECK(ai_outside_forward(outside, in) == 1);
    show("forward", out_1, out_2);
    CHECK(ai_outside_destroy(outside) == AI_HANDLE_NULL);

    /* Inputs that were generated into the activations may be elsewhere all the same, at each call. */
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    ai_buffer mine[AI_TINY_IN_NUM], result[AI_TINY_OUT_NUM];
    (void)memcpy(mine, ai_tiny_inputs_get(tiny, NULL), sizeof mine);
    (void)memcpy(result, ai_tiny_outputs_get(tiny, NULL), sizeof result);
    mine[0].data = AI_HANDLE_PTR(in_1);
    mine[1].data = AI_HANDLE_PTR(in_2);
    result[0].data = AI_HANDLE_PTR(out_1);
    fill(in_1, in_2, 7);
    CHECK(ai_tiny_run(tiny, mine, result) == 1);
    show("elsewhere", out_1, (const ai_float *)result[1].data);
    run_tiny("and back", 8);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

/* Buffers that the application describes itself. */
static void buffers_from_nothing(void)
{
    const ai_handle acts[] = {activations};
    ai_buffer in[] = {
        AI_BUFFER_OBJ_INIT(AI_TINY_IN_1_FORMAT, 2, 2, 2, 1, in_1),
        AI_BUFFER_INIT(AI_FLAG_NONE, AI_TINY_IN_2_FORMAT, AI_BUFFER_SHAPE_INIT(AI_SHAPE_BCWH, 4, 1, 2, 2, 2),
                       AI_TINY_IN_2_SIZE, NULL, in_2),
    };
    ai_buffer out[] = {
        AI_BUFFER_OBJ_INIT(AI_TINY_OUT_1_FORMAT, 2, 2, 2, 1, out_1),
        AI_BUFFER_OBJ_INIT(AI_TINY_OUT_2_FORMAT, 2, 2, 2, 1, out_2),
    };
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    fill(in_1, in_2, 9);
    CHECK(ai_tiny_run(tiny, in, out) == 1);
    show("own buffers", out_1, out_2);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

/* Several networks by name, as multi-network projects keep them. */
static const struct {
    const char *name;
    ai_u8 *memory;
    ai_bool (*params_get)(ai_network_params *params);
    ai_bool (*get_report)(ai_handle network, ai_network_report *report);
    ai_error (*create)(ai_handle *network, const ai_buffer *config);
    ai_error (*get_error)(ai_handle network);
    ai_handle (*destroy)(ai_handle network);
    ai_bool (*init)(ai_handle network, const ai_network_params *params);
    ai_i32 (*run)(ai_handle network, const ai_buffer *input, ai_buffer *output);
    ai_i32 (*forward)(ai_handle network, const ai_buffer *input);
} entries[] = {
    {AI_TINY_MODEL_NAME, activations, ai_tiny_data_params_get, ai_tiny_get_report, ai_tiny_create, ai_tiny_get_error,
     ai_tiny_destroy, ai_tiny_init, ai_tiny_run, ai_tiny_forward},
    {AI_TOTAL_MODEL_NAME, activations, ai_total_data_params_get, ai_total_get_report, ai_total_create,
     ai_total_get_error, ai_total_destroy, ai_total_init, ai_total_run, ai_total_forward},
};

static void networks_of_a_table(void)
{
    for (unsigned i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        ai_handle network;
        ai_network_params params;
        ai_network_report report;
        CHECK(entries[i].create(&network, NULL).type == AI_ERROR_NONE && entries[i].params_get(&params));
        CHECK(AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(&params.map_activations, 0, entries[i].memory));
        CHECK(entries[i].init(network, &params) && entries[i].get_report(network, &report));
        (void)memset(report.inputs[0].data, 3, report.inputs[0].size);
        CHECK(entries[i].run(network, report.inputs, report.outputs) == 1);
        CHECK(entries[i].forward(network, report.inputs) == 1);
        CHECK(entries[i].get_error(network).type == AI_ERROR_NONE);
        CHECK(strcmp(report.model_name, entries[i].name) == 0 && entries[i].destroy(network) == AI_HANDLE_NULL);
    }
}

static void two_networks_in_one_memory(void)
{
    ai_handle total;
    const ai_handle acts[] = {activations};
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    EXPECT(ai_total_create_and_init(&total, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    for (int seed = 1; seed <= 2; seed++) {
        run_tiny("tiny", seed);
        ai_i8 sums[AI_TOTAL_IN_1_SIZE];
        ai_buffer *in = ai_total_inputs_get(total, NULL);
        ai_buffer *out = ai_total_outputs_get(total, NULL);
        (void)memcpy(sums, ai_tiny_outputs_get(tiny, NULL)[0].data, sizeof sums);
        (void)memcpy(in[0].data, sums, sizeof sums);
        CHECK(ai_total_run(total, in, out) == 1);
        print("total: %ld\n", (long)*(const ai_i32 *)out[0].data);
    }
    CHECK(ai_tiny_destroy(total) == total);
    CHECK(ai_total_destroy(total) == AI_HANDLE_NULL);
    run_tiny("alone", 3);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

/* --- what an application can ask --- */

static void show_buffer(const ai_buffer *buffer)
{
    const ai_buffer_format format = AI_BUFFER_FORMAT(buffer);
    print(" type %d sign %d bits %d fbits %d", (int)AI_BUFFER_FMT_GET_TYPE(format), (int)AI_BUFFER_FMT_GET_SIGN(format),
          (int)AI_BUFFER_FMT_GET_BITS(format), (int)AI_BUFFER_FMT_GET_FBITS(format));
    print(", %lu elements %lu bytes, n %lu c %lu w %lu h %lu", (unsigned long)AI_BUFFER_SIZE(buffer),
          (unsigned long)AI_BUFFER_BYTE_SIZE(AI_BUFFER_SIZE(buffer), format),
          (unsigned long)AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_BATCH),
          (unsigned long)AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_CHANNEL),
          (unsigned long)AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_WIDTH),
          (unsigned long)AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_HEIGHT));
    const ai_intq_info_list *list = AI_BUFFER_META_INFO_INTQ(buffer->meta_info);
    for (ai_u16 i = 0; i < AI_BUFFER_META_INFO_INTQ_GET_SIZE(list); i++) {
        const ai_float scale = AI_BUFFER_META_INFO_INTQ_GET_SCALE(list, i);
        print(", %ld/1000 zero %d", (long)(scale * 1000.0f), (int)AI_BUFFER_META_INFO_INTQ_GET_ZEROPOINT(list, i));
        CHECK(AI_INTQ_INFO_LIST_SCALE(list, ai_float, i) >= scale);
        CHECK(((const ai_i8 *)buffer->meta_info->intq_info->info->zeropoint)[i] ==
              AI_INTQ_INFO_LIST_ZEROPOINT(list, ai_i8, i));
    }
    print("\n");
}

static void report(void)
{
    ai_network_report report;
    const ai_handle acts[] = {activations};
    CHECK(ai_tiny_get_info(AI_HANDLE_NULL, &report));
    CHECK(!ai_tiny_get_report(AI_HANDLE_NULL, &report));
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    CHECK(ai_tiny_get_info(tiny, &report));
    (void)memset(&report, 0, sizeof report);
    CHECK(ai_tiny_get_report(tiny, &report));
    print("%s %.8s: %s, tool %d.%d.%d, api %d.%d.%d, %lu MACC, %lu nodes\n", report.model_name, report.model_signature,
          report.tool_revision, report.tool_version.major, report.tool_version.minor, report.tool_version.micro,
          report.api_version.major, report.api_version.minor, report.api_version.micro, (unsigned long)report.n_macc,
          (unsigned long)report.n_nodes);
    print(" %lu bytes of activations, %lu of weights\n", (unsigned long)report.map_activations.buffer[0].size,
          (unsigned long)report.map_weights.buffer[0].size);
    for (ai_u16 i = 0; i < report.n_inputs; i++) {
        show_buffer(&report.inputs[i]);
    }
    for (ai_u16 i = 0; i < report.n_outputs; i++) {
        show_buffer(&report.outputs[i]);
    }
    CHECK(report.inputs == AI_TINY_IN && report.outputs == AI_TINY_OUT);
    CHECK(AI_TINY_IN_1_HEIGHT * AI_TINY_IN_1_WIDTH * AI_TINY_IN_1_CHANNEL == AI_TINY_IN_1_SIZE);
    const ai_u32 bytes[] = AI_TINY_OUT_SIZE_BYTES;
    CHECK(bytes[1] == AI_TINY_OUT_2_SIZE_BYTES && bytes[1] == sizeof out_2);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

static ai_u32 observe(const ai_handle cookie, const ai_u32 flags, const ai_observer_node *node)
{
    ++*(int *)cookie;
    print("%s%s%s%s node %d type %d id %d\n", (flags & AI_OBSERVER_FIRST_EVT) != 0 ? "first " : "",
          (flags & AI_OBSERVER_LAST_EVT) != 0 ? "last " : "", (flags & AI_OBSERVER_INIT_EVT) != 0 ? "init" : "",
          (flags & AI_OBSERVER_PRE_EVT) != 0 ? "pre" : (flags & AI_OBSERVER_POST_EVT) != 0 ? "post" : "", node->c_idx,
          node->type, node->id);
    return 0;
}

static void observer(void)
{
    int told = 0;
    const ai_handle acts[] = {activations};
    const ai_u32 both = AI_OBSERVER_PRE_EVT | AI_OBSERVER_POST_EVT;
    ai_observer_node node = {0};
    ai_observer_exec_ctx context = {observe, &told, AI_OBSERVER_INIT_EVT | AI_OBSERVER_POST_EVT, 0, 0};
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    while (ai_platform_observer_node_info(tiny, &node)) {
        print("node %d: type %d, %s\n", node.c_idx, node.type, node.name);
        node.c_idx++;
    }
    CHECK(node.c_idx == AI_TINY_N_NODES);
    CHECK(ai_platform_observer_register(tiny, observe, &told, both));
    run_tiny("observed", 1);
    CHECK(told == 2 * AI_TINY_N_NODES);
    CHECK(!ai_platform_observer_unregister(tiny, observe, NULL));
    CHECK(ai_platform_observer_unregister(tiny, observe, &told));
    CHECK(!ai_platform_observer_unregister(tiny, observe, &told));
    run_tiny("alone again", 2);
    CHECK(told == 2 * AI_TINY_N_NODES);
    CHECK(ai_platform_observer_register_s(tiny, &context));
    CHECK(context.n_nodes == AI_TINY_N_NODES && (context.flags & AI_OBSERVER_REGISTERED) != 0);
    run_tiny("by structure", 3);
    CHECK(told == 4 * AI_TINY_N_NODES);
    CHECK(ai_platform_observer_unregister_s(tiny, &context));
    CHECK(!ai_platform_observer_unregister_s(tiny, NULL) && !ai_platform_observer_register_s(tiny, NULL));
    CHECK(!ai_platform_observer_register(tiny, NULL, NULL, both));
    CHECK(!ai_platform_observer_register(&told, observe, &told, both));
    CHECK(!ai_platform_observer_register((ai_handle)(uintptr_t)1, observe, &told, both));
    CHECK(!ai_platform_observer_node_info(AI_HANDLE_NULL, &node) && !ai_platform_observer_node_info(tiny, NULL));
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
    CHECK(!ai_platform_observer_register(tiny, observe, &told, both));
}

int main(void)
{
    begin_in_one_call();
    begin_in_two_calls();
    weights_elsewhere();
    buffers_of_the_application();
    buffers_from_nothing();
    networks_of_a_table();
    two_networks_in_one_memory();
    report();
    observer();
    finish();
}
