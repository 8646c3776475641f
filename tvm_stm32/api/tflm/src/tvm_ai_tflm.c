/* SPDX-License-Identifier: Apache-2.0 */
/* What the classes of the tflm layer do, in C. */
#include "tensorflow/lite/micro/tvm_ai_tflm.h"

#include <string.h>

TVM_AI_SHARED
bool tvm_ai_tflm_is_model(const tvm_ai_tflm_model *model)
{
    static const char identifier[] = TVM_AI_TFLM_IDENTIFIER;
    return model != NULL && memcmp(model->identifier, identifier, sizeof identifier) == 0;
}

TVM_AI_SHARED
TfLiteStatus tvm_ai_tflm_allocate(tvm_ai_tflm_interpreter *self, const tvm_ai_tflm_model *model, uint8_t *arena,
                                  size_t size)
{
    const tvm_ai_model *native = model->model;
    const size_t gap = (size_t)(0 - (uintptr_t)arena) & (native->activations_alignment - 1);
    tvm_ai_memory memory;
    memory.activations = arena + gap;
    memory.size = size - gap;
    if (size < gap || tvm_ai_create(&self->instance, native, &memory) != TVM_AI_OK) {
        return kTfLiteError;
    }
    for (uint32_t i = 0; i < native->inputs + native->outputs; i++) {
        self->tensors[i] = model->tensors[i];
        self->tensors[i].data.data = self->instance.tensors[i].data;
    }
    self->used = gap + native->activations_size;
    return kTfLiteOk;
}

TVM_AI_SHARED
TfLiteStatus tvm_ai_tflm_invoke(tvm_ai_tflm_interpreter *self, const tvm_ai_observable *observable,
                                const tvm_ai_observer *observer)
{
    tvm_ai_instance *instance = &self->instance;
    const uint32_t count = tvm_ai_inputs(instance) + tvm_ai_outputs(instance);
    for (uint32_t i = 0; i < count; i++) {
        instance->tensors[i].data = self->tensors[i].data.data;
    }
    const tvm_ai_status status =
        observer == NULL ? tvm_ai_run(instance) : tvm_ai_run_observed(instance, observable, observer);
    return status == TVM_AI_OK ? kTfLiteOk : kTfLiteError;
}

TVM_AI_SHARED
TfLiteTensor *tvm_ai_tflm_tensor(tvm_ai_tflm_interpreter *self, size_t index, bool output)
{
    const uint32_t inputs = tvm_ai_inputs(&self->instance);
    const uint32_t count = output ? tvm_ai_outputs(&self->instance) : inputs;
    return index < count ? &self->tensors[output ? inputs + index : index] : NULL;
}
