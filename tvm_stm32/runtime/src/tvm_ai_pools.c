/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of tvm_ai_pools.h. */
#include "tvm_ai_pools.h"

#include <string.h>

static int is_aligned(const void *address, size_t alignment)
{
    return ((uintptr_t)address & (alignment - 1)) == 0;
}

/* TVM_AI_OK if each block suits its pool. */
static tvm_ai_status check_memory(const tvm_ai_layout *layout, const tvm_ai_memory *memory, uint32_t count)
{
    if (layout == NULL || count != layout->pools) {
        return TVM_AI_ERROR_POOLS;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (memory[i].activations == NULL) {
            return TVM_AI_ERROR_NULL;
        }
        if (memory[i].size < layout->pool[i].size) {
            return TVM_AI_ERROR_SIZE;
        }
        if (!is_aligned(memory[i].activations, layout->pool[i].alignment)) {
            return TVM_AI_ERROR_ALIGNMENT;
        }
    }
    return TVM_AI_OK;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_create_in_pools(tvm_ai_pooled_instance *pooled, const tvm_ai_model *model,
                                     const tvm_ai_memory *memory, uint32_t count)
{
    if (pooled == NULL || model == NULL || memory == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    if (model->api_version != TVM_AI_API_VERSION) {
        return TVM_AI_ERROR_VERSION;
    }
    const tvm_ai_layout *layout = model->layout;
    tvm_ai_status status = check_memory(layout, memory, count);
    if (status == TVM_AI_OK) {
        status = tvm_ai_bind(&pooled->instance, model, memory);
    }
    if (status != TVM_AI_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        pooled->pools[i] = memory[i].activations;
    }
    for (uint32_t i = 0; i < layout->groups; i++) {
        const tvm_ai_group *group = &layout->group[i];
        pooled->groups[i] = group->address;
        if (group->pool != TVM_AI_NOT_COPIED) {
            uint8_t *copy = pooled->pools[group->pool] + group->offset;
            (void)memcpy(copy, group->address, group->size);
            pooled->groups[i] = copy;
        }
    }
    for (uint32_t i = 0; i < model->inputs + model->outputs; i++) {
        const uint32_t offset = model->tensors[i].offset;
        if (offset != TVM_AI_NO_OFFSET) {
            pooled->instance.tensors[i].data = pooled->pools[layout->tensor_pools[i]] + offset;
        }
    }
    return TVM_AI_OK;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_set_group(tvm_ai_pooled_instance *pooled, uint32_t index, const void *address, size_t size)
{
    if (pooled == NULL || address == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    if (tvm_ai_activations(&pooled->instance) == NULL) {
        return TVM_AI_ERROR_NOT_CREATED;
    }
    const tvm_ai_layout *layout = pooled->instance.model->layout;
    if (layout == NULL || index >= layout->groups) {
        return TVM_AI_ERROR_INDEX;
    }
    if (size < layout->group[index].size) {
        return TVM_AI_ERROR_SIZE;
    }
    if (!is_aligned(address, sizeof(uint32_t))) {
        return TVM_AI_ERROR_ALIGNMENT;
    }
    pooled->groups[index] = address;
    return TVM_AI_OK;
}
