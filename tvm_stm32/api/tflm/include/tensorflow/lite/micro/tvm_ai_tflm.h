/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the tflm layer: what its classes call. Not for applications. */
#ifndef TVM_AI_TFLM_H
#define TVM_AI_TFLM_H

#include <stdarg.h>

#include "../../../../../tvm_ai.h"
#include "../core/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a file has "TFL3". */
#define TVM_AI_TFLM_IDENTIFIER {'T', 'V', 'M', '1'}

/* A compiled model; in flash, under the name of an array of bytes. */
typedef struct {
    uint32_t root; /* where a file has an offset */
    char identifier[4];
    const tvm_ai_model *model;
    const tvm_ai_observable *observable; /* null: generated without */
    const TfLiteTensor *tensors;         /* of inputs, then of outputs, without data */
} tvm_ai_tflm_model;

/* An interpreter's part in C; all zeros at first. */
typedef struct {
    tvm_ai_instance instance;
    TfLiteTensor tensors[TVM_AI_MAX_IO];
    size_t used; /* bytes of the arena */
} tvm_ai_tflm_interpreter;

bool tvm_ai_tflm_is_model(const tvm_ai_tflm_model *model);
TfLiteStatus tvm_ai_tflm_allocate(tvm_ai_tflm_interpreter *self, const tvm_ai_tflm_model *model, uint8_t *arena,
                                  size_t size);
TfLiteStatus tvm_ai_tflm_invoke(tvm_ai_tflm_interpreter *self, const tvm_ai_observable *observable,
                                const tvm_ai_observer *observer);

/* Tensor `index` among inputs or outputs, null if there is none. */
TfLiteTensor *tvm_ai_tflm_tensor(tvm_ai_tflm_interpreter *self, size_t index, bool output);

/* What the library's own DebugLog hands messages to, or null. */
extern void (*tvm_ai_tflm_log)(const char *format, va_list args);

#ifdef __cplusplus
}
#endif

#endif /* TVM_AI_TFLM_H */
