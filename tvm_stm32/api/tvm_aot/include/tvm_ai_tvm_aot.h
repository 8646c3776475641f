/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the tvm-aot layer: what every model's functions call. Not for applications. */
#ifndef TVM_AI_TVM_AOT_H
#define TVM_AI_TVM_AOT_H

#include "../../tvm_ai.h"
#include "tvm/runtime/c_backend_api.h"
#include "tvm/runtime/crt/error_codes.h"

/* Run with these tensors, null: where they are in the activations; and parameters, null: the model's. The error. */
int32_t tvm_ai_tvm_aot_run(const tvm_ai_model *model, void *const *tensors, void *activations, const void *parameters);

/* `status` as the error of a run. */
int32_t tvm_ai_tvm_aot_error(tvm_ai_status status);

/* Where an input or output is in the activations; null if they are. */
void *tvm_ai_tvm_aot_place(const tvm_ai_model *model, uint32_t tensor, void *activations);

/* A workspace of the client's, null if there is none; and back with it. */
void *tvm_ai_tvm_aot_allocate(const tvm_ai_model *model);
int32_t tvm_ai_tvm_aot_free(void *workspace);

/* The addresses in the arguments of a packed function, which must be aligned to the sizes of their elements. */
int tvm_ai_tvm_aot_pointers(void **pointers, const uint8_t *sizes, int count, const TVMValue *args,
                            const int *type_codes, int num_args);

#endif /* TVM_AI_TVM_AOT_H */
