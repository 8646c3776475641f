/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a model on each of the inputs that come on standard input; the outputs go to standard output, as bytes. */
#include MODEL_HEADER

#include <stdio.h>
#include <stdlib.h>

extern const tvm_ai_model MODEL;

/* A block of exactly this size from the allocator, so that the address sanitizer knows its bounds. */
static void *block(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        exit(2);
    }
    return memory;
}

static size_t read_inputs(tvm_ai_instance *instance)
{
    size_t read = 0;
    for (uint32_t i = 0; i < tvm_ai_inputs(instance); i++) {
        read += fread(tvm_ai_input(instance, i)->data, tvm_ai_input(instance, i)->info->size, 1, stdin);
    }
    return read;
}

int main(void)
{
    tvm_ai_instance instance;
    const tvm_ai_memory memory = {.activations = block(MODEL.activations_size), .size = MODEL.activations_size};
    if (tvm_ai_create(&instance, &MODEL, &memory) != TVM_AI_OK) {
        return 3;
    }
    void *own[TVM_AI_MAX_IO] = {NULL};
    for (uint32_t i = 0; i < MODEL.inputs + MODEL.outputs; i++) {
        if (instance.tensors[i].data == NULL) {
            own[i] = instance.tensors[i].data = block(instance.tensors[i].info->size);
        }
    }
    while (read_inputs(&instance) == MODEL.inputs) {
        if (tvm_ai_run(&instance) != TVM_AI_OK) {
            return 4;
        }
        for (uint32_t i = 0; i < MODEL.outputs; i++) {
            (void)fwrite(tvm_ai_output(&instance, i)->data, MODEL.tensors[MODEL.inputs + i].size, 1, stdout);
        }
    }
    for (uint32_t i = 0; i < TVM_AI_MAX_IO; i++) {
        free(own[i]);
    }
    free(memory.activations);
    return 0;
}
