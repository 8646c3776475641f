/* SPDX-License-Identifier: Apache-2.0 */
/* Packed functions by name. tvmgen_<model>_functions.h declares a model's. */
#ifndef TVM_STM32_CRT_FUNC_REGISTRY_H
#define TVM_STM32_CRT_FUNC_REGISTRY_H

#include "../c_backend_api.h"
#include "error_codes.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint16_t tvm_function_index_t;
typedef uint16_t tvm_module_index_t;

typedef struct TVMFuncRegistry {
    const char *names; /* their number in two bytes, low byte first; then each with its zero; then another zero */
    const TVMBackendPackedCFunc *funcs; /* in the order of the names */
} TVMFuncRegistry;

tvm_function_index_t TVMFuncRegistry_GetNumFuncs(const TVMFuncRegistry *reg);
int TVMFuncRegistry_SetNumFuncs(const TVMFuncRegistry *reg, tvm_function_index_t num_funcs); /* of one in RAM */
const char *TVMFuncRegistry_Get0thFunctionName(const TVMFuncRegistry *reg);

/* kTvmErrorFunctionNameNotFound, with the index left as it was. */
tvm_crt_error_t TVMFuncRegistry_Lookup(const TVMFuncRegistry *reg, const char *name,
                                       tvm_function_index_t *function_index);

/* kTvmErrorFunctionIndexInvalid, with the function left as it was. */
tvm_crt_error_t TVMFuncRegistry_GetByIndex(const TVMFuncRegistry *reg, tvm_function_index_t index,
                                           TVMBackendPackedCFunc *out_func);

/* Both in one call; null if there is none of that name. */
TVMBackendPackedCFunc tvm_ai_find_function(const TVMFuncRegistry *registry, const char *name);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_CRT_FUNC_REGISTRY_H */
