/* SPDX-License-Identifier: Apache-2.0 */
/* The model named "bench", as the measuring harness wants to call it. */
#include <string.h>

#include "bench.h"

static uint8_t arena[BENCH_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_instance model;

int model_init(void)
{
    const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
    return tvm_ai_create(&model, &bench_model, &memory) != TVM_AI_OK;
}

int8_t *model_input(void)
{
    return tvm_ai_input(&model, 0)->data;
}

uint32_t model_arena_used(void)
{
    return sizeof arena;
}

int model_run(const int8_t *in, int8_t *out)
{
    (void)in; /* the harness has filled model_input() */
    tvm_ai_status status = tvm_ai_run(&model);
    memcpy(out, tvm_ai_output(&model, 0)->data, BENCH_OUTPUT_0_SIZE);
    return status != TVM_AI_OK;
}
