/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of the tvm-aot layer: an instance lives as long as a run, so models have no state, and runs are re-entrant. */
#include "tvm_ai_tvm_aot.h"

TVM_AI_SHARED
int32_t tvm_ai_tvm_aot_error(tvm_ai_status status)
{
    switch (status) {
    case TVM_AI_OK:
        return kTvmErrorNoError;
    case TVM_AI_ERROR_NO_DATA:
    case TVM_AI_ERROR_ALIGNMENT:
        return kTvmErrorFunctionCallWrongArgType;
    default:
        return kTvmErrorPlatformCheckFailure;
    }
}

TVM_AI_SHARED
int32_t tvm_ai_tvm_aot_run(const tvm_ai_model *model, void *const *tensors, void *activations, const void *parameters)
{
    tvm_ai_instance instance;
    tvm_ai_memory memory;
    memory.activations = activations;
    memory.size = model->activations_size; /* a client states no size: it goes by the macro */
    tvm_ai_status status = tvm_ai_create(&instance, model, &memory);
    if (status == TVM_AI_ERROR_NULL || status == TVM_AI_ERROR_ALIGNMENT) {
        return kTvmErrorPlatformNoMemory;
    }
    if (status == TVM_AI_OK && parameters != NULL) {
        status = tvm_ai_set_parameters(&instance, parameters, model->parameters_size);
    }
    if (status == TVM_AI_OK) {
        for (uint32_t i = 0; tensors != NULL && i < model->inputs + model->outputs; i++) {
            instance.tensors[i].data = tensors[i];
        }
        status = tvm_ai_run(&instance);
    }
    return tvm_ai_tvm_aot_error(status);
}

TVM_AI_SHARED
void *tvm_ai_tvm_aot_place(const tvm_ai_model *model, uint32_t tensor, void *activations)
{
    return activations == NULL ? NULL : (uint8_t *)activations + model->tensors[tensor].offset;
}

TVM_AI_SHARED
void *tvm_ai_tvm_aot_allocate(const tvm_ai_model *model)
{
    return TVMBackendAllocWorkspace(kDLCPU, 0, model->activations_size, kDLUInt, 8);
}

TVM_AI_SHARED
int32_t tvm_ai_tvm_aot_free(void *workspace)
{
    return TVMBackendFreeWorkspace(kDLCPU, 0, workspace);
}
