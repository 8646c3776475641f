/* SPDX-License-Identifier: Apache-2.0 */
/* The X-CUBE-AI client interface over tvm_ai: the part that is the same for every model. */
#include "tvm_ai_x_cube_ai.h"

#include <string.h>

tvm_ai_x_cube_ai_network *tvm_ai_x_cube_ai_networks;

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

ai_error tvm_ai_x_cube_ai_create(const tvm_ai_x_cube_ai_model *model, ai_handle *handle)
{
    tvm_ai_x_cube_ai_network *network = model->network;
    if (handle == NULL) {
        return error_of(ERROR(AI_ERROR_CREATE_FAILED, AI_ERROR_CODE_INVALID_PTR));
    }
    *handle = AI_HANDLE_NULL;
    if (model->model->api_version != TVM_AI_API_VERSION) {
        return error_of(ERROR(AI_ERROR_TOOL_PLATFORM_API_MISMATCH, AI_ERROR_CODE_NETWORK));
    }
    (void)tvm_ai_x_cube_ai_destroy(model, network);
    network->model = model;
    network->next = tvm_ai_x_cube_ai_networks;
    tvm_ai_x_cube_ai_networks = network;
    *handle = network;
    return network->error;
}

ai_handle tvm_ai_x_cube_ai_destroy(const tvm_ai_x_cube_ai_model *model, ai_handle handle)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    if (network == NULL) {
        return handle;
    }
    tvm_ai_x_cube_ai_network **link = &tvm_ai_x_cube_ai_networks;
    while (*link != network) {
        link = &(*link)->next;
    }
    *link = network->next;
    (void)memset(network, 0, sizeof *network);
    return AI_HANDLE_NULL;
}

ai_error tvm_ai_x_cube_ai_get_error(const tvm_ai_x_cube_ai_model *model, ai_handle handle)
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
static ai_u32 bind(const tvm_ai_x_cube_ai_model *model, ai_handle activations, ai_size size, ai_handle weights,
                   ai_size weights_size)
{
    tvm_ai_instance *instance = &model->network->instance;
    const tvm_ai_model *native = model->model;
    (void)tvm_ai_destroy(instance);
    if (activations == NULL || !is_aligned(activations, sizeof(uint32_t))) {
        return ERROR(AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    }
    if (size < model->maps[ACTIVATIONS].size) {
        return ERROR(AI_ERROR_INVALID_SIZE, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    }
    /* Clients align to 4: the size that they are told, and have, has room for the rest. */
    uintptr_t mask = native->activations_alignment - 1;
    tvm_ai_memory memory;
    memory.activations = (uint8_t *)activations + ((0 - (uintptr_t)activations) & mask);
    memory.size = native->activations_size;
    (void)tvm_ai_create(instance, native, &memory);
    tvm_ai_status status = weights == NULL ? TVM_AI_OK : tvm_ai_set_parameters(instance, weights, weights_size);
    if (status != TVM_AI_OK) {
        (void)tvm_ai_destroy(instance);
        return ERROR(status == TVM_AI_ERROR_SIZE ? AI_ERROR_INVALID_SIZE : AI_ERROR_INIT_FAILED,
                     AI_ERROR_CODE_NETWORK_WEIGHTS);
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
    if (weights == NULL) {
        return ERROR(AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_WEIGHTS);
    }
    if (activations == NULL) {
        return ERROR(AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
    }
    /* What ai_<model>_data_weights_get returns, a table between markers, stands for the address in it. */
    ai_handle at = weights->data == model->weights_table ? model->weights_table[1] : weights->data;
    return bind(model, activations->data, activations->size, at, weights->size);
}

ai_bool tvm_ai_x_cube_ai_init(const tvm_ai_x_cube_ai_model *model, ai_handle handle, const ai_network_params *params)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    return network != NULL && is_fine(network, bind_params(model, params));
}

ai_error tvm_ai_x_cube_ai_create_and_init(const tvm_ai_x_cube_ai_model *model, ai_handle *handle,
                                          const ai_handle activations[], const ai_handle weights[])
{
    ai_error error = tvm_ai_x_cube_ai_create(model, handle);
    if (error.type == AI_ERROR_NONE) {
        ai_handle memory = activations != NULL ? activations[0] : model->activations_table[1];
        ai_handle parameters = weights != NULL ? weights[0] : model->weights_table[1];
        error = error_of(bind(model, memory, model->maps[ACTIVATIONS].size, parameters, model->maps[WEIGHTS].size));
        if (error.type != AI_ERROR_NONE) {
            *handle = tvm_ai_x_cube_ai_destroy(model, model->network);
        }
    }
    return error;
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

ai_i32 tvm_ai_x_cube_ai_run(const tvm_ai_x_cube_ai_model *model, ai_handle handle, const ai_buffer *inputs,
                            const ai_buffer *outputs)
{
    tvm_ai_x_cube_ai_network *network = find(model, handle);
    return network != NULL && is_fine(network, run(model, inputs, outputs));
}

/* Whether functions that describe the model answer: for its network, and for no handle. */
static ai_bool answers(const tvm_ai_x_cube_ai_model *model, ai_handle handle)
{
    return handle == AI_HANDLE_NULL || find(model, handle) != NULL;
}

ai_buffer *tvm_ai_x_cube_ai_buffers_get(const tvm_ai_x_cube_ai_model *model, ai_handle handle, ai_u16 *count,
                                         ai_bool outputs)
{
    const ai_bool known = answers(model, handle);
    const tvm_ai_model *native = model->model;
    if (count != NULL) {
        *count = (ai_u16)(!known ? 0 : outputs ? native->outputs : native->inputs);
    }
    return known ? &model->buffers[outputs ? native->inputs : 0] : NULL;
}

ai_bool tvm_ai_x_cube_ai_get_info(const tvm_ai_x_cube_ai_model *model, ai_handle handle, ai_network_report *report)
{
    if (report == NULL || !answers(model, handle)) {
        return 0;
    }
    *report = *model->report;
    return 1;
}

ai_bool tvm_ai_x_cube_ai_params_get(const tvm_ai_x_cube_ai_model *model, ai_network_params *params)
{
    if (params == NULL) {
        return 0;
    }
    params->map_signature = AI_MAGIC_SIGNATURE;
    params->map_weights = model->report->map_weights;
    params->map_activations = model->report->map_activations;
    return 1;
}
