/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware of X-CUBE-AI that does everything wrong: each mistake has its error, and what worked before still works. */
#include "ai_platform.h"
#include "tiny.h"
#include "tiny_data.h"

#include "check.h"
#include "x_cube_ai_tiny.h"

#include <string.h>

AI_ALIGNED(4) static ai_u8 activations[AI_TINY_DATA_ACTIVATIONS_SIZE];
AI_ALIGNED(4) static ai_u8 weights[AI_TINY_DATA_WEIGHTS_SIZE];
static ai_handle tiny = AI_HANDLE_NULL;

static void bad_memory(void)
{
    const ai_handle none[] = {NULL}, odd[] = {activations + 1}, acts[] = {activations}, odd_weights[] = {weights + 2};
    ai_handle network = &network;
    AI_TINY_DATA_ACTIVATIONS_TABLE_GET()[0] = NULL;
    EXPECT(ai_tiny_create_and_init(&network, NULL, NULL), AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    CHECK(network == AI_HANDLE_NULL);
    EXPECT(ai_tiny_create_and_init(&network, none, NULL), AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    EXPECT(ai_tiny_create_and_init(&network, odd, NULL), AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    EXPECT(ai_tiny_create_and_init(&network, acts, odd_weights), AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_WEIGHTS);
    EXPECT(ai_tiny_create_and_init(NULL, acts, NULL), AI_ERROR_CREATE_FAILED, AI_ERROR_CODE_INVALID_PTR);
    EXPECT(ai_tiny_create(NULL, NULL), AI_ERROR_CREATE_FAILED, AI_ERROR_CODE_INVALID_PTR);

    ai_network_params params;
    CHECK(!ai_tiny_data_params_get(NULL));
    EXPECT(ai_tiny_create(&network, AI_TINY_DATA_CONFIG), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    CHECK(!ai_tiny_init(network, NULL));
    EXPECT(ai_tiny_get_error(network), AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_PARAMS);
    CHECK(ai_tiny_data_params_get(&params));
    params.map_activations.size = 0;
    CHECK(!ai_tiny_init(network, &params));
    EXPECT(ai_tiny_get_error(network), AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    params.map_weights.buffer = NULL;
    CHECK(!ai_tiny_init(network, &params));
    EXPECT(ai_tiny_get_error(network), AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_WEIGHTS);
    ai_network_params small = AI_NETWORK_PARAMS_INIT(AI_TINY_DATA_WEIGHTS(NULL), AI_TINY_DATA_ACTIVATIONS(activations));
    small.activations.size--;
    CHECK(!ai_tiny_init(network, &small));
    EXPECT(ai_tiny_get_error(network), AI_ERROR_INVALID_SIZE, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    small.activations.size++;
    small.params.data = weights;
    small.params.size = AI_TINY_DATA_WEIGHTS_SIZE - 1;
    CHECK(!ai_tiny_init(network, &small));
    EXPECT(ai_tiny_get_error(network), AI_ERROR_INVALID_SIZE, AI_ERROR_CODE_NETWORK_WEIGHTS);
    CHECK(ai_tiny_destroy(network) == AI_HANDLE_NULL);
}

static void bad_handles(void)
{
    ai_network_report report;
    ai_u16 n = 9;
    ai_buffer *in = AI_TINY_IN, *out = AI_TINY_OUT;
    ai_handle wrong[] = {AI_HANDLE_NULL, &report, (ai_handle)(uintptr_t)0xFFFFFFF1u, tiny};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) { /* the last one was destroyed */
        EXPECT(ai_tiny_get_error(wrong[i]), AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK);
        CHECK(ai_tiny_run(wrong[i], in, out) <= 0);
        CHECK(ai_tiny_forward(wrong[i], in) <= 0);
        CHECK(!ai_tiny_init(wrong[i], NULL));
        CHECK(!ai_tiny_get_report(wrong[i], &report));
        CHECK(ai_tiny_destroy(wrong[i]) == wrong[i]);
    }
    CHECK(!ai_tiny_get_info(&report, &report) && !ai_tiny_get_info(AI_HANDLE_NULL, NULL));
    CHECK(ai_tiny_inputs_get(&report, &n) == NULL && n == 0);
    CHECK(ai_tiny_outputs_get(&report, NULL) == NULL);
}

static void bad_runs(void)
{
    const ai_handle acts[] = {activations};
    ai_shape_dimension two[] = {2, 2, 2, 2};
    EXPECT(ai_tiny_create(&tiny, AI_TINY_DATA_CONFIG), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    CHECK(ai_tiny_run(tiny, AI_TINY_IN, AI_TINY_OUT) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_STATE, AI_ERROR_CODE_MISSED_INIT);
    EXPECT(ai_tiny_create_and_init(&tiny, acts, NULL), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    ai_buffer in[AI_TINY_IN_NUM], out[AI_TINY_OUT_NUM];
    (void)memcpy(in, AI_TINY_IN, sizeof in);
    (void)memcpy(out, AI_TINY_OUT, sizeof out);
    CHECK(ai_tiny_run(tiny, NULL, out) == 0);
    CHECK(ai_tiny_run(tiny, in, NULL) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_INPUT, AI_ERROR_CODE_INVALID_PTR); /* the first of both */
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    in[1].data = NULL;
    CHECK(ai_tiny_run(tiny, in, out) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_INPUT, AI_ERROR_CODE_INVALID_PTR);
    in[1] = AI_TINY_IN[1];
    out[1].data = (ai_u8 *)out[1].data + 2;
    CHECK(ai_tiny_run(tiny, in, out) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_OUTPUT, AI_ERROR_CODE_INVALID_PTR);
    out[1] = AI_TINY_OUT[1];
    in[0].format = AI_BUFFER_FORMAT_FLOAT;
    CHECK(ai_tiny_run(tiny, in, out) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_INPUT, AI_ERROR_CODE_INVALID_FORMAT);
    in[0] = AI_TINY_IN[0];
    out[0].size--;
    CHECK(ai_tiny_run(tiny, in, out) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_OUTPUT, AI_ERROR_CODE_INVALID_SIZE);
    out[0] = AI_TINY_OUT[0];
    in[0].shape.data = two;
    CHECK(ai_tiny_run(tiny, in, out) == 0);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_INVALID_INPUT, AI_ERROR_CODE_INVALID_BATCH);
    run_on(tiny, "after all that", 1);
    EXPECT(ai_tiny_get_error(tiny), AI_ERROR_NONE, AI_ERROR_CODE_NONE);
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
}

int main(void)
{
    bad_handles();
    bad_memory();
    bad_runs();
    bad_handles();
    finish();
}
