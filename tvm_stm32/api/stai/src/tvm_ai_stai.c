/* SPDX-License-Identifier: Apache-2.0 */
/* The ST Edge AI client interface over tvm_ai: the part that is the same for every model. */
#include "tvm_ai_stai.h"

#include <string.h>

#define MAGIC UINT32_C(0x57a1c0de)
#define CONTEXT_ALIGNMENT 8u

static int is_aligned(const void *address, size_t alignment)
{
    return ((uintptr_t)address & (alignment - 1)) == 0;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_check(const stai_network *network, const tvm_ai_stai_model *model)
{
    const tvm_ai_stai_context *context = (const void *)network;
    if (!is_aligned(context, CONTEXT_ALIGNMENT)) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT;
    }
    const int is_one = context != NULL && context->magic == MAGIC && context->model == model;
    return is_one ? STAI_SUCCESS : STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
}

/* Remember an error, unless an earlier one waits to be read; returns it. */
__attribute__((noinline)) static stai_return_code finish(tvm_ai_stai_context *context, stai_return_code code)
{
    if (context->error == STAI_SUCCESS && code >= STAI_ERROR_GENERIC) {
        context->error = code;
    }
    return code;
}

TVM_AI_SHARED
stai_return_code stai_runtime_init(void)
{
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code stai_runtime_deinit(void)
{
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code stai_runtime_get_info(stai_runtime_info *info)
{
    static const stai_runtime_info runtime = {
        .runtime_version = {.major = TVM_AI_API_VERSION},
        .api_version = {STAI_API_VERSION_MAJOR, STAI_API_VERSION_MINOR, STAI_API_VERSION_MICRO, 0},
    };
    if (info == NULL) {
        return STAI_ERROR_NETWORK_INVALID_INFO;
    }
    *info = runtime;
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_init(stai_network *network, const tvm_ai_stai_model *model)
{
    tvm_ai_stai_context *context = (void *)network;
    const stai_return_code code = tvm_ai_stai_check(network, model);
    if (context == NULL || code == STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT) {
        return code; /* of what is there before, nothing else matters */
    }
    if (model->model->api_version != TVM_AI_API_VERSION) {
        return STAI_ERROR_STAI_INIT_FAILED;
    }
    (void)memset(context, 0, sizeof *context);
    context->model = model;
    context->magic = MAGIC;
    context->run = tvm_ai_run;
    context->weights = (stai_ptr)(uintptr_t)model->model->parameters;
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_deinit(stai_network *network, const tvm_ai_stai_model *model)
{
    tvm_ai_stai_context *context = (void *)network;
    stai_return_code code = tvm_ai_stai_check(network, model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    context->magic = 0;
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_get_error(stai_network *network, const tvm_ai_stai_model *model)
{
    tvm_ai_stai_context *context = (void *)network;
    stai_return_code code = tvm_ai_stai_check(network, model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    stai_return_code error = context->error;
    context->error = STAI_SUCCESS;
    return error;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_get_info(stai_network *network, stai_network_info *info, const tvm_ai_stai_model *model)
{
    tvm_ai_stai_context *context = (void *)network;
    stai_return_code code = tvm_ai_stai_check(network, model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    if (info == NULL) {
        return finish(context, STAI_ERROR_NETWORK_INVALID_INFO);
    }
    *info = *model->info;
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_get(stai_network *network, stai_ptr *addresses, stai_size *count,
                                 const tvm_ai_stai_kind *kind)
{
    tvm_ai_stai_context *context = (void *)network;
    stai_return_code code = tvm_ai_stai_check(network, kind->model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    const uint32_t number = kind->count;
    if (count != NULL) {
        *count = number;
    }
    if (addresses == NULL && number != 0) {
        return finish(context, kind->code);
    }
    for (uint32_t i = 0; i < number; i++) {
        if (kind->code == STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR) {
            addresses[i] = context->weights;
        } else if (kind->code == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR) {
            addresses[i] = context->instance.activations;
        } else {
            addresses[i] = context->instance.tensors[kind->first + i].data;
        }
    }
    return STAI_SUCCESS;
}

/* Bind a context to activations, and keep the addresses that the application has set. */
static stai_return_code bind(tvm_ai_stai_context *context, stai_ptr activations)
{
    const tvm_ai_model *model = context->model->model;
    tvm_ai_memory memory;
    memory.activations = activations;
    memory.size = model->activations_size;
    if (tvm_ai_create(&context->instance, model, &memory) != TVM_AI_OK) {
        return STAI_ERROR_INVALID_BUFFER_ALIGNMENT;
    }
    context->instance.parameters = context->weights;
    for (uint32_t i = 0; i < TVM_AI_MAX_IO; i++) {
        if (context->given[i] != NULL) {
            context->instance.tensors[i].data = context->given[i];
        }
    }
    return STAI_SUCCESS;
}

/* Take one address of a kind; `slot` is the tensor's. */
static stai_return_code take(tvm_ai_stai_context *context, stai_ptr address, uint32_t slot, stai_return_code kind)
{
    if (address == NULL) {
        return kind;
    }
    if (kind == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR) {
        return bind(context, address);
    }
    const int is_weights = kind == STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR;
    if (!is_aligned(address, is_weights ? sizeof(uint32_t) : context->model->model->tensors[slot].alignment)) {
        return STAI_ERROR_INVALID_BUFFER_ALIGNMENT;
    }
    if (is_weights) {
        context->weights = address;
        context->instance.parameters = address;
    } else {
        context->instance.tensors[slot].data = address;
        context->given[slot] = address;
    }
    return STAI_SUCCESS;
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_set(stai_network *network, const stai_ptr *addresses, stai_size count,
                                 const tvm_ai_stai_kind *kind)
{
    tvm_ai_stai_context *context = (void *)network;
    stai_return_code code = tvm_ai_stai_check(network, kind->model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    if (count != kind->count) {
        code = (stai_return_code)(kind->code + 1);
    } else if (addresses == NULL && count != 0) {
        code = kind->code;
    }
    for (uint32_t i = 0; i < count && code == STAI_SUCCESS; i++) {
        code = take(context, addresses[i], kind->first + i, kind->code);
    }
    return finish(context, code);
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_run(stai_network *network, stai_run_mode mode, const tvm_ai_stai_model *model)
{
    tvm_ai_stai_context *context = (void *)network;
    stai_return_code code = tvm_ai_stai_check(network, model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    if (mode != STAI_MODE_SYNC && mode != STAI_MODE_ASYNC) {
        return finish(context, STAI_ERROR_NETWORK_INVALID_RUN);
    }
    if (context->instance.activations == NULL) {
        return finish(context, STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    }
    /* Addresses were aligned when they were set: what can be wrong is that there is none. */
    if (context->run(&context->instance) != TVM_AI_OK) {
        for (uint32_t i = 0; i < model->model->inputs; i++) {
            if (context->instance.tensors[i].data == NULL) {
                return finish(context, STAI_ERROR_NETWORK_INVALID_IN_PTR);
            }
        }
        return finish(context, STAI_ERROR_NETWORK_INVALID_OUT_PTR);
    }
    return mode == STAI_MODE_SYNC ? STAI_SUCCESS : STAI_DONE;
}
