/* SPDX-License-Identifier: Apache-2.0 */
/* The X-CUBE-AI client interface over tvm_ai: the part that is the same for every model. */
#include "tvm_ai_x_cube_ai.h"

#include <string.h>

/* Indices of a model's maps. */
enum { WEIGHTS, ACTIVATIONS };

/* Type and code of an error in one word, as ai_error has them on little-endian machines. */
#define ERROR(type, code) ((ai_u32)(type) | ((ai_u32)(code) << 8))

static ai_error error_of(ai_u32 word)
{
    ai_error error;
    (void)memcpy(&error, &word, sizeof error);
    return error;
}

/* Remember an error, unless an earlier one waits to be read. Whether there was none, for the caller to return. */
__attribute__((noinline)) static ai_bool is_fine(tvm_ai_x_cube_ai_network *network, ai_u32 word)
{
    if (network->error == 0) {
        network->error = word;
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
    network->run = tvm_ai_run;
    *handle = network;
    return error_of(0);
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
    ai_u32 error = network->error;
    network->error = 0;
    return error_of(error);
}

/* Bind a network to memory. Weights without an address are the library's own. Returns the error. */
static ai_u32 bind(const tvm_ai_x_cube_ai_model *model, const ai_buffer *activations, const ai_buffer *weights)
{
    tvm_ai_instance *instance = &model->network->instance;
    const tvm_ai_model *native = model->model;
    ai_handle parameters = weights->data;
    if (parameters == model->weights_table) {
        parameters = model->weights_table[1]; /* what ai_<model>_data_weights_get returns stands for its address */
    }
    /* Clients align to 4: the size that they are told, and have, has room for 4 more. */
    const uintptr_t address = (uintptr_t)activations->data;
    tvm_ai_memory memory;
    memory.activations = (void *)(address + (address & (native->activations_alignment - 1) & 4u));
    memory.size = activations->size < model->maps[ACTIVATIONS].size ? 0 : native->activations_size;
    ai_u32 code = AI_ERROR_CODE_NETWORK_ACTIVATIONS;
    tvm_ai_status status = tvm_ai_create(instance, native, &memory);
    if (status == TVM_AI_OK && parameters != NULL) {
        code = AI_ERROR_CODE_NETWORK_WEIGHTS;
        status = tvm_ai_set_parameters(instance, parameters, weights->size);
    }
    if (status != TVM_AI_OK) {
        (void)tvm_ai_destroy(instance);
        return ERROR(status == TVM_AI_ERROR_SIZE ? AI_ERROR_INVALID_SIZE : AI_ERROR_INIT_FAILED, code);
    }
    for (uint32_t i = 0; i < native->inputs + native->outputs; i++) {
        model->buffers[i].data = instance->tensors[i].data;
    }
    return 0;
}

/* The maps of a model, with the addresses of its tables. */
__attribute__((noinline)) static ai_buffer *own_maps(const tvm_ai_x_cube_ai_model *model)
{
    model->maps[WEIGHTS].data = model->weights_table[1];
    model->maps[ACTIVATIONS].data = model->activations_table[1];
    return model->maps;
}

/* bind, with what a client's structure says. */
static ai_u32 bind_params(const tvm_ai_x_cube_ai_model *model, const ai_network_params *params)
{
    ai_u32 code = AI_ERROR_CODE_NETWORK_PARAMS;
    if (params != NULL) {
        const ai_buffer *weights = &params->params;
        const ai_buffer *activations = &params->activations;
        if (params->map_signature == AI_MAGIC_SIGNATURE) {
            weights = params->map_weights.size == 1 ? params->map_weights.buffer : NULL;
            activations = params->map_activations.size == 1 ? params->map_activations.buffer : NULL;
        }
        if (weights != NULL && activations != NULL) {
            return bind(model, activations, weights);
        }
        code = weights == NULL ? AI_ERROR_CODE_NETWORK_WEIGHTS : AI_ERROR_CODE_NETWORK_ACTIVATIONS;
    }
    return ERROR(AI_ERROR_INVALID_PARAM, code);
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
    ai_buffer *maps = own_maps(model);
    if (activations != NULL) {
        maps[ACTIVATIONS].data = activations[0];
    }
    if (weights != NULL) {
        maps[WEIGHTS].data = weights[0];
    }
    ai_u32 word = bind(model, &maps[ACTIVATIONS], &maps[WEIGHTS]);
    if (word != 0) {
        *handle = AI_HANDLE_NULL;
        model->network->model = NULL;
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
    const ai_buffer *given = inputs, *own = model->buffers;
    tvm_ai_tensor *tensor = network->instance.tensors;
    ai_u32 type = AI_ERROR_INVALID_INPUT;
    for (uint32_t i = 0; i < native->inputs + native->outputs; i++, given++, own++, tensor++) {
        if (i == native->inputs) {
            given = outputs;
            type = AI_ERROR_INVALID_OUTPUT;
        }
        ai_u32 code;
        if (given == NULL || given->data == NULL || !is_aligned(given->data, tensor->info->alignment)) {
            code = AI_ERROR_CODE_INVALID_PTR;
        } else if (given->format != own->format) {
            code = AI_ERROR_CODE_INVALID_FORMAT;
        } else if (given->size != own->size) {
            code = AI_ERROR_CODE_INVALID_SIZE;
        } else if (given->shape.data != NULL && given->shape.data[AI_SHAPE_BATCH] != 1) {
            code = AI_ERROR_CODE_INVALID_BATCH;
        } else {
            tensor->data = given->data;
            continue;
        }
        return ERROR(type, code);
    }
    /* All that could fail has been checked. */
    (void)network->run(&network->instance);
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

TVM_AI_SHARED
ai_buffer *tvm_ai_x_cube_ai_buffers_get(ai_handle handle, ai_u16 *count, const tvm_ai_x_cube_ai_side *side)
{
    const ai_bool known = answers(side->model, handle);
    if (count != NULL) {
        *count = (ai_u16)(known ? side->number : 0);
    }
    return known ? side->buffers : NULL;
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

static ai_buffer_array map_of(ai_buffer *buffer)
{
    ai_buffer_array array;
    array.flags = 0;
    array.size = 1;
    array.buffer = buffer;
    return array;
}

TVM_AI_SHARED
ai_bool tvm_ai_x_cube_ai_params_get(ai_network_params *params, const tvm_ai_x_cube_ai_model *model)
{
    if (params == NULL) {
        return 0;
    }
    ai_buffer *maps = own_maps(model);
    params->map_signature = AI_MAGIC_SIGNATURE;
    params->map_weights = map_of(&maps[WEIGHTS]);
    params->map_activations = map_of(&maps[ACTIVATIONS]);
    return 1;
}
