/* SPDX-License-Identifier: Apache-2.0 */
/* The X-CUBE-AI client interface over tvm_ai: the part that is the same for every model. */
#include "tvm_ai_x_cube_ai.h"

#include <string.h>

/* Indices of a model's maps. */
enum { WEIGHTS, ACTIVATIONS };

/* Type and code of an error in one word, for the functions below. */
#define ERROR(type, code) ((ai_u32)(type) | ((ai_u32)(code) << 8))

static ai_error error_of(ai_u32 word)
{
    ai_error error;
    error.type = word & 0xFFu;
    error.code = (word >> 8) & 0xFFFFu;
    return error;
}

/* Remember an error, unless an earlier one waits to be read. Whether there was none, for the caller to return. */
__attribute__((noinline)) static ai_bool is_fine(tvm_ai_x_cube_ai_network *network, ai_u32 word)
{
    if (network->error.type == AI_ERROR_NONE) {
        network->error = error_of(word);
    }
    return word == 0;
}

static ai_bool is_aligned(const void *address, size_t alignment)
{
    return ((uintptr_t)address & (alignment - 1)) == 0;
}

/* The network of a model, if `handle` is it and it was created; null otherwise. */
static tvm_ai_x_cube_ai_network *find(const tvm_ai_x_cube_ai_model *model, ai_handle handle)
{
    tvm_ai_x_cube_ai_network *network = model->network;
    return handle == network && network->model != NULL ? network : NULL;
}

TVM_AI_SHARED
ai_error tvm_ai_x_cube_ai_create(ai_handle *handle, const ai_buffer *config, const tvm_ai_x_cube_ai_model *model)
{
    tvm_ai_x_cube_ai_network *network = model->network;
    (void)config;
    if (handle == NULL) {
        return error_of(ERROR(AI_ERROR_CREATE_FAILED, AI_ERROR_CODE_INVALID_PTR));
    }
    *handle = AI_HANDLE_NULL;
    if (model->model->api_version != TVM_AI_API_VERSION) {
        return error_of(ERROR(AI_ERROR_TOOL_PLATFORM_API_MISMATCH, AI_ERROR_CODE_NETWORK));
    }
    (void)memset(network, 0, sizeof *network);
    network->model = model;
    *handle = network;
    return network->error;
}

TVM_AI_SHARED
ai_handle tvm_ai_x_cube_ai_destroy(ai_handle handle, const tvm_ai_x_cube_ai_model *model)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    if (network == NULL) {
        return handle;
    }
    network->model = NULL;
    return AI_HANDLE_NULL;
}

TVM_AI_SHARED
ai_error tvm_ai_x_cube_ai_get_error(ai_handle handle, const tvm_ai_x_cube_ai_model *model)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    if (network == NULL) {
        return error_of(ERROR(AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK));
    }
    ai_error error = network->error;
    network->error = error_of(0);
    return error;
}

/* Bind a network to memory. Weights without an address are the library's own. Returns the error. */
static ai_u32 bind(const tvm_ai_x_cube_ai_model *model, const ai_buffer *activations, const ai_buffer *weights)
{
    tvm_ai_instance *instance = &model->network->instance;
    const tvm_ai_model *native = model->model;
    (void)tvm_ai_destroy(instance);
    if (activations->data == NULL || !is_aligned(activations->data, sizeof(uint32_t))) {
        return ERROR(AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    }
    if (activations->size < model->maps[ACTIVATIONS].size) {
        return ERROR(AI_ERROR_INVALID_SIZE, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    }
    /* Clients align to 4: the size that they are told, and have, has room for the rest. */
    uintptr_t end_of_gap = (uintptr_t)activations->data + native->activations_alignment - 1;
    tvm_ai_memory memory;
    memory.activations = (void *)(end_of_gap & ~(uintptr_t)(native->activations_alignment - 1));
    memory.size = native->activations_size;
    (void)tvm_ai_create(instance, native, &memory);
    ai_handle parameters = weights->data;
    if (parameters == model->weights_table) {
        parameters = model->weights_table[1]; /* what ai_<model>_data_weights_get returns stands for its address */
    }
    if (parameters != NULL) {
        tvm_ai_status status = tvm_ai_set_parameters(instance, parameters, weights->size);
        if (status != TVM_AI_OK) {
            (void)tvm_ai_destroy(instance);
            return ERROR(status == TVM_AI_ERROR_SIZE ? AI_ERROR_INVALID_SIZE : AI_ERROR_INIT_FAILED,
                         AI_ERROR_CODE_NETWORK_WEIGHTS);
        }
    }
    for (uint32_t i = 0; i < native->inputs + native->outputs; i++) {
        model->buffers[i].data = instance->tensors[i].data;
    }
    return 0;
}

/* bind, with what a client's structure says. */
static ai_u32 bind_params(const tvm_ai_x_cube_ai_model *model, const ai_network_params *params)
{
    if (params == NULL) {
        return ERROR(AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_PARAMS);
    }
    const ai_buffer *weights = &params->params;
    const ai_buffer *activations = &params->activations;
    if (params->map_signature == AI_MAGIC_SIGNATURE) {
        weights = params->map_weights.size == 1 ? params->map_weights.buffer : NULL;
        activations = params->map_activations.size == 1 ? params->map_activations.buffer : NULL;
    }
    if (weights == NULL || activations == NULL) {
        return ERROR(AI_ERROR_INVALID_PARAM,
                     weights == NULL ? AI_ERROR_CODE_NETWORK_WEIGHTS : AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    }
    return bind(model, activations, weights);
}

TVM_AI_SHARED
ai_bool tvm_ai_x_cube_ai_init(ai_handle handle, const ai_network_params *params, const tvm_ai_x_cube_ai_model *model)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    return network == NULL ? 0 : is_fine(network, bind_params(model, params));
}

TVM_AI_SHARED
ai_error tvm_ai_x_cube_ai_create_and_init(ai_handle *handle, const ai_handle activations[], const ai_handle weights[],
                                          const tvm_ai_x_cube_ai_model *model)
{
    ai_error error = tvm_ai_x_cube_ai_create(handle, NULL, model);
    if (error.type != AI_ERROR_NONE) {
        return error;
    }
    ai_buffer *maps = model->maps;
    maps[ACTIVATIONS].data = activations != NULL ? activations[0] : model->activations_table[1];
    maps[WEIGHTS].data = weights != NULL ? weights[0] : model->weights_table[1];
    ai_u32 word = bind(model, &maps[ACTIVATIONS], &maps[WEIGHTS]);
    if (word != 0) {
        *handle = tvm_ai_x_cube_ai_destroy(model->network, model);
    }
    return error_of(word);
}

/* Run on the addresses of the client's buffers. Returns the error. */
static ai_u32 run(const tvm_ai_x_cube_ai_model *model, const ai_buffer *inputs, const ai_buffer *outputs)
{
    tvm_ai_x_cube_ai_network *network = model->network;
    const tvm_ai_model *native = model->model;
    if (network->instance.model == NULL) {
        return ERROR(AI_ERROR_INVALID_STATE, AI_ERROR_CODE_MISSED_INIT);
    }
    const ai_buffer *given = inputs;
    ai_u32 type = AI_ERROR_INVALID_INPUT;
    for (uint32_t i = 0; i < native->inputs + native->outputs; i++, given++) {
        tvm_ai_tensor *tensor = &network->instance.tensors[i];
        if (i == native->inputs) {
            given = outputs;
            type = AI_ERROR_INVALID_OUTPUT;
        }
        if (given == NULL || given->data == NULL || !is_aligned(given->data, tensor->info->alignment)) {
            return ERROR(type, AI_ERROR_CODE_INVALID_PTR);
        }
        if (given->format != model->buffers[i].format) {
            return ERROR(type, AI_ERROR_CODE_INVALID_FORMAT);
        }
        if (given->size != model->buffers[i].size) {
            return ERROR(type, AI_ERROR_CODE_INVALID_SIZE);
        }
        if (given->shape.data != NULL && given->shape.data[AI_SHAPE_BATCH] != 1) {
            return ERROR(type, AI_ERROR_CODE_INVALID_BATCH);
        }
        tensor->data = given->data;
    }
    /* All that could fail has been checked. */
    (void)(network->run != NULL ? network->run(network) : tvm_ai_run(&network->instance));
    return 0;
}

TVM_AI_SHARED
ai_i32 tvm_ai_x_cube_ai_run(ai_handle handle, const ai_buffer *inputs, const ai_buffer *outputs,
                            const tvm_ai_x_cube_ai_model *model)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    return network == NULL ? 0 : is_fine(network, run(model, inputs, outputs));
}

/* Whether functions that describe the model answer: for its network, and for no handle. */
static ai_bool answers(const tvm_ai_x_cube_ai_model *model, ai_handle handle)
{
    return handle == AI_HANDLE_NULL || find(model, handle) != NULL;
}

/* `buffers` and their number, if the handle may ask. */
__attribute__((noinline)) static ai_buffer *buffers_get(ai_handle handle, ai_u16 *count,
                                                        const tvm_ai_x_cube_ai_model *model, ai_buffer *buffers,
                                                        ai_u32 number)
{
    const ai_bool known = answers(model, handle);
    if (count != NULL) {
        *count = (ai_u16)(known ? number : 0);
    }
    return known ? buffers : NULL;
}

TVM_AI_SHARED
ai_buffer *tvm_ai_x_cube_ai_inputs_get(ai_handle handle, ai_u16 *count, const tvm_ai_x_cube_ai_model *model)
{
    return buffers_get(handle, count, model, model->buffers, model->model->inputs);
}

TVM_AI_SHARED
ai_buffer *tvm_ai_x_cube_ai_outputs_get(ai_handle handle, ai_u16 *count, const tvm_ai_x_cube_ai_model *model)
{
    return buffers_get(handle, count, model, model->buffers + model->model->inputs, model->model->outputs);
}

TVM_AI_SHARED
ai_bool tvm_ai_x_cube_ai_get_info(ai_handle handle, ai_network_report *report, const tvm_ai_x_cube_ai_model *model)
{
    if (report == NULL || !answers(model, handle)) {
        return 0;
    }
    *report = *model->report;
    return 1;
}

TVM_AI_SHARED
ai_bool tvm_ai_x_cube_ai_get_report(ai_handle handle, ai_network_report *report, const tvm_ai_x_cube_ai_model *model)
{
    return handle == AI_HANDLE_NULL ? 0 : tvm_ai_x_cube_ai_get_info(handle, report, model);
}

TVM_AI_SHARED
ai_bool tvm_ai_x_cube_ai_params_get(ai_network_params *params, const tvm_ai_x_cube_ai_model *model)
{
    if (params == NULL) {
        return 0;
    }
    model->maps[WEIGHTS].data = model->weights_table[1];
    model->maps[ACTIVATIONS].data = model->activations_table[1];
    params->map_signature = AI_MAGIC_SIGNATURE;
    params->map_weights = model->report->map_weights;
    params->map_activations = model->report->map_activations;
    return 1;
}
