/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that the generated kernels call. Internal to the generated code: applications include tvm_ai.h. */
#ifndef TVM_AI_KERNELS_H
#define TVM_AI_KERNELS_H

#include <stdint.h>
#include <string.h>

/* The float with these bits: constants whose decimal form would not be exact. */
static inline float tvm_ai_float(uint32_t bits)
{
    float value;
    (void)memcpy(&value, &bits, sizeof value);
    return value;
}

/* The larger one. */
static inline int32_t tvm_ai_max(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The larger one. */
static inline float tvm_ai_max_float(float a, float b)
{
    return a > b ? a : b;
}

/* The smaller one. */
static inline float tvm_ai_min_float(float a, float b)
{
    return a < b ? a : b;
}

/* value, but at least low and at most high. */
static inline int32_t tvm_ai_clamp(int32_t value, int32_t low, int32_t high)
{
    int32_t floored = value > low ? value : low;
    return floored < high ? floored : high;
}

/* High 32 bits of 2 * a * b, rounded half up: TFLite's SaturatingRoundingDoublingHighMul for a multiplier >= 0. */
static inline int32_t tvm_ai_multiply_high(int32_t a, int32_t multiplier)
{
    return (int32_t)(((int64_t)a * multiplier + (INT64_C(1) << 30)) >> 31);
}

/* value / 2^exponent for 1 <= exponent <= 31, halves rounded away from zero: TFLite's RoundingDivideByPOT. */
static inline int32_t tvm_ai_divide_power(int32_t value, int32_t exponent)
{
    uint32_t half = UINT32_C(1) << (exponent - 1);
    return (int32_t)((uint32_t)value + half + (uint32_t)(value >> 31)) >> exponent;
}

/*
 * accumulator * multiplier * 2^(shift - 31), rounded twice as TFLite's MultiplyByQuantizedMultiplier does:
 * first to the high word, then by the right shift. shift is positive to the left.
 */
static inline int32_t tvm_ai_requantize(int32_t accumulator, int32_t multiplier, int32_t shift)
{
    if (shift >= 0) {
        return tvm_ai_multiply_high((int32_t)((uint32_t)accumulator << shift), multiplier);
    }
    return tvm_ai_divide_power(tvm_ai_multiply_high(accumulator, multiplier), -shift);
}

/* The same where every shift of the layer is known to be to the right: exponent = -shift, 1 <= exponent <= 31. */
static inline int32_t tvm_ai_requantize_right(int32_t accumulator, int32_t multiplier, int32_t exponent)
{
    return tvm_ai_divide_power(tvm_ai_multiply_high(accumulator, multiplier), exponent);
}

/* sum / count, halves rounded away from zero: TFLite's average pooling. */
static inline int32_t tvm_ai_average(int32_t sum, int32_t count)
{
    int32_t half = count / 2;
    return (sum < 0 ? sum - half : sum + half) / count;
}

/*
 * ONNX: accumulator * multiplier / 2^shift, rounded once. The compiler has proven which of the three forms below
 * rounds every accumulator of a layer as the model does. 1 <= shift <= 62, 0 <= multiplier.
 */

/* To the nearest integer, halves up. */
static inline int32_t tvm_ai_scale_nearest(int32_t accumulator, int32_t multiplier, int32_t shift)
{
    return (int32_t)(((int64_t)accumulator * multiplier + (INT64_C(1) << (shift - 1))) >> shift);
}

/*
 * With a rounding constant other than one half: the fraction of a bias that is not a whole number of products.
 * offset_and_shift: the constant in units of 2^(shift - 26), times 64, plus shift; 26 <= shift.
 */
static inline int32_t tvm_ai_scale_offset(int32_t accumulator, int32_t multiplier, int32_t offset_and_shift)
{
    int32_t shift = offset_and_shift & 63;
    int64_t offset = (int64_t)((uint32_t)offset_and_shift >> 6) << (shift - 26);
    return (int32_t)(((int64_t)accumulator * multiplier + offset) >> shift);
}

/* To the nearest integer, halves to even; what is within 2^-20 of a half is one. 21 <= shift. */
static inline int32_t tvm_ai_scale_even(int32_t accumulator, int32_t multiplier, int32_t shift)
{
    int64_t tolerance = INT64_C(1) << (shift - 21);
    int64_t total = (int64_t)accumulator * multiplier + (INT64_C(1) << (shift - 1)) + tolerance;
    int32_t result = (int32_t)(total >> shift);
    if ((total & ((INT64_C(1) << shift) - 1)) < 2 * tolerance) {
        result -= result & 1;
    }
    return result;
}

#endif /* TVM_AI_KERNELS_H */
