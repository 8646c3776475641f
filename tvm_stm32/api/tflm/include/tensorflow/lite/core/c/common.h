/* SPDX-License-Identifier: Apache-2.0 */
/* Types of TensorFlow Lite's C interface that applications of TensorFlow Lite for Microcontrollers use; C and C++. */
#ifndef TVM_STM32_TFLM_COMMON_H
#define TVM_STM32_TFLM_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TVM_STM32_API_TFLM

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TfLiteStatus {
    kTfLiteOk = 0,
    kTfLiteError = 1,
    kTfLiteDelegateError = 2,
    kTfLiteApplicationError = 3,
    kTfLiteDelegateDataNotFound = 4,
    kTfLiteDelegateDataWriteError = 5,
    kTfLiteDelegateDataReadError = 6,
    kTfLiteUnresolvedOps = 7,
    kTfLiteCancelled = 8,
    kTfLiteStatusIs32Bits = INT32_MAX /* with -fshort-enums too */
} TfLiteStatus;

typedef enum {
    kTfLiteNoType = 0,
    kTfLiteFloat32 = 1,
    kTfLiteInt32 = 2,
    kTfLiteUInt8 = 3,
    kTfLiteInt64 = 4,
    kTfLiteString = 5,
    kTfLiteBool = 6,
    kTfLiteInt16 = 7,
    kTfLiteComplex64 = 8,
    kTfLiteInt8 = 9,
    kTfLiteFloat16 = 10,
    kTfLiteFloat64 = 11,
    kTfLiteUInt64 = 13,
    kTfLiteUInt32 = 16,
    kTfLiteUInt16 = 17,
    kTfLiteInt4 = 18,
    kTfLiteTypeIs32Bits = INT32_MAX
} TfLiteType;

typedef enum {
    kTfLiteMemNone = 0,
    kTfLiteMmapRo = 1,
    kTfLiteArenaRw = 2,
    kTfLiteArenaRwPersistent = 3,
    kTfLiteDynamic = 4,
    kTfLiteAllocationTypeIs32Bits = INT32_MAX
} TfLiteAllocationType;

/* `size` numbers. */
__extension__ typedef struct TfLiteIntArray {
    int size;
    int data[];
} TfLiteIntArray;

__extension__ typedef struct TfLiteFloatArray {
    int size;
    float data[];
} TfLiteFloatArray;

/* real = scale * (value - zero_point); of the first channel where there are several. 0 and 0: not quantized. */
typedef struct TfLiteQuantizationParams {
    float scale;
    int32_t zero_point;
} TfLiteQuantizationParams;

typedef enum {
    kTfLiteNoQuantization = 0,
    kTfLiteAffineQuantization = 1,
    kTfLiteQuantizationTypeIs32Bits = INT32_MAX
} TfLiteQuantizationType;

/* What params of a TfLiteQuantization leads to: one number, or one per index of quantized_dimension. */
typedef struct {
    TfLiteFloatArray *scale;
    TfLiteIntArray *zero_point;
    int32_t quantized_dimension;
} TfLiteAffineQuantization;

typedef struct TfLiteQuantization {
    TfLiteQuantizationType type;
    void *params;
} TfLiteQuantization;

typedef union TfLitePtrUnion {
    void *data;
    void *raw_void;
    char *raw;
    const char *raw_const;
    float *f;
    int8_t *int8;
    uint8_t *uint8;
    int16_t *i16;
    int32_t *i32;
    uint32_t *u32;
    int64_t *i64;
    uint64_t *u64;
    bool *b;
} TfLitePtrUnion;

/* An input or output. dims and quantization are in flash; data may be changed, and each Invoke goes by it. */
typedef struct TfLiteTensor {
    TfLiteQuantization quantization;
    TfLiteQuantizationParams params;
    TfLitePtrUnion data;
    TfLiteIntArray *dims;
    size_t bytes;
    TfLiteType type;
    TfLiteAllocationType allocation_type;
    bool is_variable;
} TfLiteTensor;

static inline const char *TfLiteTypeGetName(TfLiteType type)
{
    return type == kTfLiteFloat32 ? "FLOAT32"
           : type == kTfLiteInt32 ? "INT32"
           : type == kTfLiteUInt8 ? "UINT8"
           : type == kTfLiteInt16 ? "INT16"
           : type == kTfLiteInt8  ? "INT8"
                                  : "Unknown type";
}

#define TF_LITE_ENSURE_STATUS(a) \
    do { \
        const TfLiteStatus status_of_a = (a); \
        if (status_of_a != kTfLiteOk) { \
            return status_of_a; \
        } \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_TFLM_COMMON_H */
