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
    return tvm_ai_inputs(&model) == 1 ? tvm_ai_input(&model, 0)->data : NULL; /* the harness then has a buffer */
}

uint32_t model_arena_used(void)
{
    return sizeof arena;
}

/* Inputs and outputs follow each other without gaps in what the harness has. */
int model_run(const int8_t *in, int8_t *out)
{
    for (uint32_t i = 0; tvm_ai_inputs(&model) > 1 && i < tvm_ai_inputs(&model); i++) {
        const tvm_ai_tensor *input = tvm_ai_input(&model, i);
        memcpy(input->data, in, input->info->size);
        in += input->info->size;
    }
    tvm_ai_status status = tvm_ai_run(&model);
    for (uint32_t i = 0; i < tvm_ai_outputs(&model); i++) {
        const tvm_ai_tensor *output = tvm_ai_output(&model, i);
        memcpy(out, output->data, output->info->size);
        out += output->info->size;
    }
    return status != TVM_AI_OK;
}
