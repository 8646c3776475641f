/* SPDX-License-Identifier: Apache-2.0 */
/* Runs each model of a table on its inputs, one after the other; prints the outputs as hexadecimal, a line each run. */
#include "many_models.h"

#include <string.h>

#include "semihosting.h"

static uint8_t arena[MANY_ARENA_SIZE] TVM_AI_ALIGNED;

static void print_bytes(const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const char text[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], '\0'};
        semihosting_print(text);
    }
}

static void run(const tvm_ai_model *model, const uint8_t **inputs)
{
    static tvm_ai_instance instance;
    if (tvm_ai_create(&instance, model, &(tvm_ai_memory){.activations = arena, .size = sizeof arena}) != TVM_AI_OK) {
        semihosting_exit(1);
    }
    for (uint32_t i = 0; i < tvm_ai_inputs(&instance); i++) {
        const tvm_ai_tensor *tensor = tvm_ai_input(&instance, i);
        (void)memcpy(tensor->data, *inputs, tensor->info->size);
        *inputs += tensor->info->size;
    }
    if (tvm_ai_run(&instance) != TVM_AI_OK) {
        semihosting_exit(2);
    }
    for (uint32_t i = 0; i < tvm_ai_outputs(&instance); i++) {
        const tvm_ai_tensor *tensor = tvm_ai_output(&instance, i);
        print_bytes(tensor->data, tensor->info->size);
    }
    semihosting_print("\n");
}

int main(void)
{
    const uint8_t *inputs = many_inputs;
    for (uint32_t model = 0; model < MANY_MODELS; model++) {
        for (uint32_t round = 0; round < MANY_ROUNDS; round++) {
            run(many_models[model], &inputs);
        }
    }
    semihosting_exit(0);
    return 0;
}
