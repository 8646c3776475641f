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

#endif /* TVM_AI_KERNELS_H */
