/* SPDX-License-Identifier: Apache-2.0 */
/* The interface of TVM's former STM32 port over tvm_ai: the part that is the same for every model. */
#include "tvm_ai_stm32_port.h"

#include <string.h>

/* Contexts that a handle was given for: a handle is one of these or wrong. */
static tvm_ai_stm32_port_context *contexts;

/* The linker's: first and behind the last of the models' addresses. Null in a program without models. */
extern const ai_model_info *const __start_tvm_ai_stm32_port_models[] __attribute__((weak));
extern const ai_model_info *const __stop_tvm_ai_stm32_port_models[] __attribute__((weak));

TVM_AI_SHARED
ai_model_iterator ai_model_iterator_begin(void)
{
    return (ai_model_iterator)__start_tvm_ai_stm32_port_models;
}

TVM_AI_SHARED
ai_model_iterator ai_model_iterator_end(void)
{
    return (ai_model_iterator)__stop_tvm_ai_stm32_port_models;
}

TVM_AI_SHARED
ai_model_iterator ai_model_iterator_next(ai_model_iterator it)
{
    return it == ai_model_iterator_end() ? it : it + sizeof(ai_model_info *);
}

TVM_AI_SHARED
ai_model_info *ai_model_iterator_value(ai_model_iterator it)
{
    return it == ai_model_iterator_end() ? NULL : *(ai_model_info *const *)it;
}

/* The context that `handle` is, or null: a handle may be any bits. */
static tvm_ai_stm32_port_context *find(ai_handle handle)
{
    tvm_ai_stm32_port_context *context = contexts;
    while (context != NULL && context != handle) {
        context = context->next;
    }
    return context;
}

/* Note what `status` says. */
static ai_status note(const ai_model_info *info, tvm_ai_status status)
{
    info->context->error = status == TVM_AI_OK ? "" : tvm_ai_status_text(status);
    return status == TVM_AI_OK ? AI_STATUS_OK : AI_STATUS_ERROR;
}

TVM_AI_SHARED
ai_status tvm_ai_stm32_port_create(const ai_model_info *info, const tvm_ai_model *model, const void *weights,
                                   void *activations)
{
    tvm_ai_instance *instance = &info->context->instance;
    tvm_ai_memory memory;
    memory.activations = activations;
    memory.size = model->activations_size;
    tvm_ai_status status = tvm_ai_create(instance, model, &memory);
    if (status == TVM_AI_OK && weights != NULL) {
        status = tvm_ai_set_parameters(instance, weights, model->parameters_size);
        if (status != TVM_AI_OK) {
            (void)tvm_ai_destroy(instance);
        }
    }
    if (status == TVM_AI_OK) {
        for (uint32_t i = 0; i < model->inputs; i++) {
            info->inputs[i]->dltensor.data = instance->tensors[i].data;
        }
        for (uint32_t i = 0; i < model->outputs; i++) {
            info->outputs[i]->dltensor.data = instance->tensors[model->inputs + i].data;
        }
    }
    return note(info, status);
}

TVM_AI_SHARED
ai_status tvm_ai_stm32_port_destroy(const ai_model_info *info)
{
    return note(info, tvm_ai_destroy(&info->context->instance));
}

/* Take the addresses of the client's tensors. */
static tvm_ai_status take(tvm_ai_tensor *tensors, ai_tensor *const given[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (given == NULL || given[i] == NULL) {
            return TVM_AI_ERROR_NULL;
        }
        uint8_t *data = given[i]->dltensor.data;
        tensors[i].data = data == NULL ? NULL : data + (size_t)given[i]->dltensor.byte_offset;
    }
    return TVM_AI_OK;
}

TVM_AI_SHARED
ai_status tvm_ai_stm32_port_run(const ai_model_info *info, ai_tensor *const inputs[], ai_tensor *const outputs[])
{
    tvm_ai_instance *instance = &info->context->instance;
    tvm_ai_status status = take(instance->tensors, inputs, info->n_inputs);
    if (status == TVM_AI_OK) {
        status = take(instance->tensors + info->n_inputs, outputs, info->n_outputs);
    }
    return note(info, status == TVM_AI_OK ? tvm_ai_run(instance) : status);
}

TVM_AI_SHARED
ai_status ai_create(ai_model_info *model, ai_ptr activations, ai_handle *handle)
{
    if (handle == NULL) {
        return AI_STATUS_ERROR;
    }
    *handle = AI_HANDLE_NULL;
    if (model == NULL || model->ai_create(model->ai_get_params(), activations) != AI_STATUS_OK) {
        return AI_STATUS_ERROR;
    }
    tvm_ai_stm32_port_context *context = model->context;
    if (context->info == NULL) {
        context->next = contexts;
        contexts = context;
        context->info = model;
    }
    *handle = context;
    return AI_STATUS_OK;
}

TVM_AI_SHARED
ai_status ai_destroy(ai_handle handle)
{
    tvm_ai_stm32_port_context *context = find(handle);
    if (context == NULL) {
        return AI_STATUS_ERROR;
    }
    tvm_ai_stm32_port_context **link = &contexts;
    while (*link != context) {
        link = &(*link)->next;
    }
    *link = context->next;
    ai_status status = context->info->ai_destroy();
    context->info = NULL;
    return status;
}

TVM_AI_SHARED
ai_status ai_run(ai_handle handle)
{
    const tvm_ai_stm32_port_context *context = find(handle);
    return context == NULL ? AI_STATUS_ERROR : context->info->ai_run(context->info->inputs, context->info->outputs);
}

/* The model that `handle` is of; for one that is none, a model without anything. */
static const ai_model_info *info_of(ai_handle handle)
{
    static const ai_model_info none = {"", "", "", "", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const tvm_ai_stm32_port_context *context = find(handle);
    return context == NULL ? &none : context->info;
}

TVM_AI_SHARED
const char *ai_get_error(ai_handle handle)
{
    const tvm_ai_stm32_port_context *context = find(handle);
    return context == NULL ? tvm_ai_status_text(TVM_AI_ERROR_NOT_CREATED) : context->error;
}

TVM_AI_SHARED
int32_t ai_get_input_size(ai_handle handle)
{
    return info_of(handle)->n_inputs;
}

TVM_AI_SHARED
int32_t ai_get_output_size(ai_handle handle)
{
    return info_of(handle)->n_outputs;
}

TVM_AI_SHARED
ai_tensor *ai_get_input(ai_handle handle, int32_t index)
{
    const ai_model_info *info = info_of(handle);
    return (uint32_t)index < info->n_inputs ? info->inputs[index] : NULL;
}

TVM_AI_SHARED
ai_tensor *ai_get_output(ai_handle handle, int32_t index)
{
    const ai_model_info *info = info_of(handle);
    return (uint32_t)index < info->n_outputs ? info->outputs[index] : NULL;
}

TVM_AI_SHARED
const char *ai_get_name(ai_handle handle)
{
    return info_of(handle)->name;
}

TVM_AI_SHARED
const char *ai_get_datetime(ai_handle handle)
{
    return info_of(handle)->datetime;
}

TVM_AI_SHARED
const char *ai_get_revision(ai_handle handle)
{
    return info_of(handle)->revision;
}

TVM_AI_SHARED
const char *ai_get_tool_version(ai_handle handle)
{
    return info_of(handle)->tool_version;
}

TVM_AI_SHARED
const char *ai_get_api_version(ai_handle handle)
{
    return info_of(handle)->api_version;
}

TVM_AI_SHARED
uint32_t ai_get_node_size(ai_handle handle)
{
    return info_of(handle)->n_nodes;
}

TVM_AI_SHARED
uint32_t ai_get_activations_size(ai_handle handle)
{
    return info_of(handle)->activations_size;
}

TVM_AI_SHARED
uint32_t ai_get_params_size(ai_handle handle)
{
    return info_of(handle)->params_size;
}

TVM_AI_SHARED
ai_ptr ai_get_activations(ai_handle handle)
{
    tvm_ai_stm32_port_context *context = find(handle);
    return context == NULL ? NULL : context->instance.activations;
}

TVM_AI_SHARED
ai_ptr ai_get_params(ai_handle handle)
{
    const tvm_ai_stm32_port_context *context = find(handle);
    return context == NULL ? NULL : (ai_ptr)(uintptr_t)context->instance.parameters;
}

TVM_AI_SHARED
const ai_quantization_info *ai_get_quantization(ai_tensor *tensor)
{
    return tensor == NULL ? NULL : tensor->quant;
}
