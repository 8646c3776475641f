/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of tvm_ai.h. The same for every model: a firmware with several models needs it once. */
#include "tvm_ai.h"

#include <string.h>

/* Neither zeros nor the pattern of erased flash or a painted stack. */
#define MAGIC UINT32_C(0x7a91c3e5)

/* TVM_AI_OK for an instance that lives. */
static tvm_ai_status check(const tvm_ai_instance *instance)
{
    if (instance == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    return instance->magic == MAGIC ? TVM_AI_OK : TVM_AI_ERROR_NOT_CREATED;
}

/* The model of an instance that lives; null otherwise. */
static const tvm_ai_model *model_of(const tvm_ai_instance *instance)
{
    return check(instance) == TVM_AI_OK ? instance->model : NULL;
}

static int is_aligned(const void *address, size_t alignment)
{
    return ((uintptr_t)address & (alignment - 1)) == 0;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_create(tvm_ai_instance *instance, const tvm_ai_model *model, const tvm_ai_memory *memory)
{
    return model != NULL && model->layout != NULL ? TVM_AI_ERROR_POOLS : tvm_ai_bind(instance, model, memory);
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_bind(tvm_ai_instance *instance, const tvm_ai_model *model, const tvm_ai_memory *memory)
{
    if (instance == NULL || model == NULL || memory == NULL || memory->activations == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    if (model->api_version != TVM_AI_API_VERSION) {
        return TVM_AI_ERROR_VERSION;
    }
    if (memory->size < model->activations_size) {
        return TVM_AI_ERROR_SIZE;
    }
    if (!is_aligned(memory->activations, model->activations_alignment)) {
        return TVM_AI_ERROR_ALIGNMENT;
    }
    (void)memset(instance, 0, sizeof *instance);
    instance->model = model;
    instance->activations = memory->activations;
    instance->parameters = model->parameters;
    for (uint32_t i = 0; i < model->inputs + model->outputs; i++) {
        const tvm_ai_tensor_info *info = &model->tensors[i];
        instance->tensors[i].info = info;
        if (info->offset != TVM_AI_NO_OFFSET) {
            instance->tensors[i].data = instance->activations + info->offset;
        }
    }
    instance->magic = MAGIC;
    return TVM_AI_OK;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_set_parameters(tvm_ai_instance *instance, const void *parameters, size_t size)
{
    tvm_ai_status status = check(instance);
    if (status != TVM_AI_OK) {
        return status;
    }
    if (parameters == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    if (size < instance->model->parameters_size) {
        return TVM_AI_ERROR_SIZE;
    }
    if (!is_aligned(parameters, sizeof(uint32_t))) {
        return TVM_AI_ERROR_ALIGNMENT;
    }
    instance->parameters = parameters;
    return TVM_AI_OK;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_destroy(tvm_ai_instance *instance)
{
    tvm_ai_status status = check(instance);
    if (status == TVM_AI_OK) {
        (void)memset(instance, 0, sizeof *instance);
    }
    return status;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_check(tvm_ai_instance *instance)
{
    tvm_ai_status status = check(instance);
    if (status != TVM_AI_OK) {
        return status;
    }
    const tvm_ai_model *model = instance->model;
    for (uint32_t i = 0; i < model->inputs + model->outputs; i++) {
        const tvm_ai_tensor *tensor = &instance->tensors[i];
        if (tensor->data == NULL) {
            return instance->error = TVM_AI_ERROR_NO_DATA;
        }
        if (!is_aligned(tensor->data, tensor->info->alignment)) {
            return instance->error = TVM_AI_ERROR_ALIGNMENT;
        }
    }
    return instance->error = TVM_AI_OK;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_run(tvm_ai_instance *instance)
{
    tvm_ai_status status = tvm_ai_check(instance);
    if (status == TVM_AI_OK) {
        instance->model->run(instance);
    }
    return status;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_run_observed(tvm_ai_instance *instance, const tvm_ai_observable *observable,
                                  const tvm_ai_observer *observer)
{
    if (observable == NULL || observer == NULL || observer->notify == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    tvm_ai_status status = tvm_ai_check(instance);
    if (status == TVM_AI_OK && observable->model != instance->model) {
        status = instance->error = TVM_AI_ERROR_MODEL;
    }
    if (status == TVM_AI_OK) {
        observable->run(instance, observer);
    }
    return status;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_error(const tvm_ai_instance *instance)
{
    tvm_ai_status status = check(instance);
    return status == TVM_AI_OK ? instance->error : status;
}

TVM_AI_SHARED
const char *tvm_ai_status_text(tvm_ai_status status)
{
    switch (status) {
    case TVM_AI_OK:
        return "ok";
    case TVM_AI_ERROR_NULL:
        return "null pointer";
    case TVM_AI_ERROR_NOT_CREATED:
        return "instance not created";
    case TVM_AI_ERROR_VERSION:
        return "model is for another runtime version";
    case TVM_AI_ERROR_SIZE:
        return "activations too small";
    case TVM_AI_ERROR_ALIGNMENT:
        return "misaligned address";
    case TVM_AI_ERROR_INDEX:
        return "no such input or output";
    case TVM_AI_ERROR_NO_DATA:
        return "input or output without data";
    case TVM_AI_ERROR_MODEL:
        return "belongs to another model";
    case TVM_AI_ERROR_POOLS:
        return "model needs memory pools";
    case TVM_AI_ERROR_ACCELERATOR:
        return "accelerator failed";
    case TVM_AI_STATUS_IS_32_BITS:
    default:
        return "unknown status";
    }
}

TVM_AI_SHARED
uint32_t tvm_ai_inputs(const tvm_ai_instance *instance)
{
    const tvm_ai_model *model = model_of(instance);
    return model != NULL ? model->inputs : 0;
}

TVM_AI_SHARED
uint32_t tvm_ai_outputs(const tvm_ai_instance *instance)
{
    const tvm_ai_model *model = model_of(instance);
    return model != NULL ? model->outputs : 0;
}

TVM_AI_SHARED
tvm_ai_tensor *tvm_ai_input(tvm_ai_instance *instance, uint32_t index)
{
    const tvm_ai_model *model = model_of(instance);
    if (model == NULL) {
        return NULL;
    }
    if (index >= model->inputs) {
        instance->error = TVM_AI_ERROR_INDEX;
        return NULL;
    }
    return &instance->tensors[index];
}

TVM_AI_SHARED
tvm_ai_tensor *tvm_ai_output(tvm_ai_instance *instance, uint32_t index)
{
    const tvm_ai_model *model = model_of(instance);
    if (model == NULL) {
        return NULL;
    }
    if (index >= model->outputs) {
        instance->error = TVM_AI_ERROR_INDEX;
        return NULL;
    }
    return &instance->tensors[model->inputs + index];
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_get_report(const tvm_ai_instance *instance, tvm_ai_report *report)
{
    if (report == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    tvm_ai_status status = check(instance);
    if (status != TVM_AI_OK) {
        return status;
    }
    const tvm_ai_model *model = instance->model;
    report->name = model->name;
    report->source = model->source;
    report->description = model->description;
    report->versions = model->versions;
    report->signature = model->signature;
    report->api_version = model->api_version;
    report->nodes = model->nodes;
    report->macs = model->macs;
    report->inputs = model->inputs;
    report->outputs = model->outputs;
    report->activations_size = model->activations_size;
    report->parameters_size = model->parameters_size;
    return TVM_AI_OK;
}

TVM_AI_SHARED
size_t tvm_ai_activations_size(const tvm_ai_instance *instance)
{
    const tvm_ai_model *model = model_of(instance);
    return model != NULL ? model->activations_size : 0;
}

TVM_AI_SHARED
void *tvm_ai_activations(const tvm_ai_instance *instance)
{
    return check(instance) == TVM_AI_OK ? instance->activations : NULL;
}

TVM_AI_SHARED
size_t tvm_ai_parameters_size(const tvm_ai_instance *instance)
{
    const tvm_ai_model *model = model_of(instance);
    return model != NULL ? model->parameters_size : 0;
}

TVM_AI_SHARED
const void *tvm_ai_parameters(const tvm_ai_instance *instance)
{
    return check(instance) == TVM_AI_OK ? instance->parameters : NULL;
}

TVM_AI_SHARED
const tvm_ai_model *tvm_ai_find_model(const tvm_ai_model *const *models, size_t count, const char *name)
{
    if (models == NULL || name == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (models[i] != NULL && strcmp(models[i]->name, name) == 0) {
            return models[i];
        }
    }
    return NULL;
}
