/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of the STM32 port that TVM once had (apache/tvm #7742), over tvm_ai.
 *
 * For firmware that was written for it. There is one instance of each model; creating it again binds it anew. Nothing
 * allocates. Functions that are given a handle which is none return an error, 0, null or "".
 *
 * Where from: the main program, tasks, and interrupt handlers of any priority. Two calls of ai_create and ai_destroy
 * must not overlap, of whatever models: the program has one list of instances. On one handle nothing may overlap
 * with create, destroy or run but functions ai_get_*, which only read. Runs of different models may interrupt each
 * other, provided their activations do not overlap.
 */
#ifndef AI_RUNTIME_API_H
#define AI_RUNTIME_API_H

#include <stddef.h>
#include <stdint.h>

#include "dlpack/dlpack.h"

#if defined(TVM_STM32_API_X_CUBE_AI)
#error "ai_runtime_api.h (stm32-port) and ai_platform.h (x-cube-ai) give ai_* different meanings: include one per file"
#endif
#define TVM_STM32_API_STM32_PORT 1 /* version of this layer: generated code and these headers must agree */

#if !defined(__GNUC__) || !defined(__ELF__)
#error "the stm32-port layer needs ELF sections and GNU attributes: gcc, clang or armclang"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define AI_PLATFORM_RUNTIME_MAJOR 1
#define AI_PLATFORM_RUNTIME_MINOR 0
#define AI_PLATFORM_RUNTIME_MICRO 0

#define AI_STATIC static
#define AI_INLINE inline
#define AI_API_ENTRY
#define AI_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define AI_HANDLE_PTR(pointer) ((ai_handle)(pointer))
#define AI_HANDLE_NULL AI_HANDLE_PTR(NULL)

/* --- types --- */

typedef void *ai_handle;
typedef uint8_t *ai_ptr;

typedef enum { AI_STATUS_OK = 0, AI_STATUS_ERROR = 1, AI_STATUS_DELEGATE_ERROR = 2 } ai_status;

/* real = scale * (value - zero_point): one pair (dim is -1), or one for each index of dimension dim. */
typedef struct {
    float *scale;
    int32_t *zero_point;
    int32_t dim;
} ai_quantization_info;

/* dltensor.data may be changed at any time between runs. */
typedef struct {
    DLTensor dltensor;
    ai_quantization_info *quant; /* null: not quantized */
} ai_tensor;

/* A model. */
typedef struct {
    const char *name;
    const char *datetime;     /* empty: output is reproducible */
    const char *revision;     /* sha256 of the model file */
    const char *tool_version; /* names and versions of the tools */
    const char *api_version;
    uint16_t n_nodes;
    uint8_t n_inputs;
    uint8_t n_outputs;
    uint32_t activations_size;
    uint32_t params_size;
    ai_ptr activations; /* an array of the library; another may be given to ai_create */
    ai_tensor **inputs;
    ai_tensor **outputs;
    ai_ptr (*ai_get_params)(void);
    ai_status (*ai_create)(const ai_ptr weights, const ai_ptr activations);
    ai_status (*ai_destroy)(void);
    ai_status (*ai_run)(ai_tensor *inputs[], ai_tensor *outputs[]);
    struct tvm_ai_stm32_port_context *context; /* internal */
} ai_model_info;

#define AI_MODEL_name(model) ((model)->name)
#define AI_MODEL_datetime(model) ((model)->datetime)
#define AI_MODEL_revision(model) ((model)->revision)
#define AI_MODEL_tool_version(model) ((model)->tool_version)
#define AI_MODEL_api_version(model) ((model)->api_version)
#define AI_MODEL_n_nodes(model) ((model)->n_nodes)
#define AI_MODEL_n_inputs(model) ((model)->n_inputs)
#define AI_MODEL_n_outputs(model) ((model)->n_outputs)
#define AI_MODEL_activations_size(model) ((model)->activations_size)
#define AI_MODEL_params_size(model) ((model)->params_size)
#define AI_MODEL_inputs(model) ((model)->inputs)
#define AI_MODEL_outputs(model) ((model)->outputs)
#define AI_MODEL_activations(model) ((model)->activations)

static inline DLTensor *get_dltensor(ai_tensor *tensor)
{
    return &tensor->dltensor;
}

/* Number of elements, and bytes. */
static inline uint32_t get_tensor_elts(const ai_tensor *tensor)
{
    uint32_t elements = 1;
    for (int32_t i = 0; i < tensor->dltensor.ndim; i++) {
        elements *= (uint32_t)tensor->dltensor.shape[i];
    }
    return elements;
}

static inline uint32_t get_tensor_size(const ai_tensor *tensor)
{
    return get_tensor_elts(tensor) * tensor->dltensor.dtype.lanes * ((tensor->dltensor.dtype.bits + 7u) / 8u);
}

/* --- the models of the program, in the order they were linked --- */

typedef uintptr_t ai_model_iterator;

ai_model_iterator ai_model_iterator_begin(void);
ai_model_iterator ai_model_iterator_next(ai_model_iterator it);
ai_model_iterator ai_model_iterator_end(void);
ai_model_info *ai_model_iterator_value(ai_model_iterator it); /* null at the end */

/* --- an instance --- */

/* Bind a model to activations: AI_MODEL_activations(model), or as many bytes elsewhere, aligned to 8. */
ai_status ai_create(ai_model_info *model, ai_ptr activations, ai_handle *handle);
ai_status ai_destroy(ai_handle handle);

/* What the last error was, in words; "" if there was none. */
const char *ai_get_error(ai_handle handle);

/* Number of inputs and outputs, and each of them; null for an index out of range. */
int32_t ai_get_input_size(ai_handle handle);
int32_t ai_get_output_size(ai_handle handle);
ai_tensor *ai_get_input(ai_handle handle, int32_t index);
ai_tensor *ai_get_output(ai_handle handle, int32_t index);

/* Run once, on the data of its tensors. */
ai_status ai_run(ai_handle handle);

/* What its model is. */
const char *ai_get_name(ai_handle handle);
const char *ai_get_datetime(ai_handle handle);
const char *ai_get_revision(ai_handle handle);
const char *ai_get_tool_version(ai_handle handle);
const char *ai_get_api_version(ai_handle handle);
uint32_t ai_get_node_size(ai_handle handle);
uint32_t ai_get_activations_size(ai_handle handle);
uint32_t ai_get_params_size(ai_handle handle);
ai_ptr ai_get_activations(ai_handle handle);
ai_ptr ai_get_params(ai_handle handle);

/* Null for a tensor that is not quantized. */
const ai_quantization_info *ai_get_quantization(ai_tensor *tensor);

#ifdef __cplusplus
}
#endif

#endif /* AI_RUNTIME_API_H */
