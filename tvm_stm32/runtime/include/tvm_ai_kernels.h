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

/* count bytes, from the front: y may lie below x and overlap it. */
static inline void tvm_ai_copy(void *y, const void *x, int32_t count)
{
    uint8_t *to = y;
    const uint8_t *from = x;
#if defined(__ARM_FEATURE_UNALIGNED)
    for (; count > 15; count -= 16, from += 16, to += 16) {
        uint32_t a, b, c, d;
        (void)memcpy(&a, from, 4);
        (void)memcpy(&b, from + 4, 4);
        (void)memcpy(&c, from + 8, 4);
        (void)memcpy(&d, from + 12, 4);
        (void)memcpy(to, &a, 4);
        (void)memcpy(to + 4, &b, 4);
        (void)memcpy(to + 8, &c, 4);
        (void)memcpy(to + 12, &d, 4);
    }
    for (; count > 3; count -= 4, from += 4, to += 4) {
        uint32_t a;
        (void)memcpy(&a, from, 4);
        (void)memcpy(to, &a, 4);
    }
#endif
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

/* The larger one. */
static inline int32_t tvm_ai_max(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The smaller one. */
static inline int32_t tvm_ai_min(int32_t a, int32_t b)
{
    return a < b ? a : b;
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

/* value as an int8_t would hold it, saturated: an instruction that compilers do not find by themselves in a loop. */
static inline int32_t tvm_ai_saturate(int32_t value)
{
#if defined(__GNUC__) && defined(__ARM_FEATURE_SAT)
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return tvm_ai_clamp(value, -128, 127);
#endif
}

/*
 * High 32 bits of 2 * a * multiplier, rounded half up: TFLite's SaturatingRoundingDoublingHighMul. Not both may be
 * INT32_MIN.
 */
static inline int32_t tvm_ai_multiply_high(int32_t a, int32_t multiplier)
{
    return (int32_t)(((int64_t)a * multiplier + (INT64_C(1) << 30)) >> 31);
}

/*
 * value / 2^exponent for 1 <= exponent <= 31, halves rounded away from zero: TFLite's RoundingDivideByPOT.
 * value > INT32_MIN; adding half a unit first would overflow near INT32_MAX.
 */
static inline int32_t tvm_ai_divide_power(int32_t value, int32_t exponent)
{
    int32_t halves = (value + (value >> 31)) >> (exponent - 1);
    return (halves >> 1) + (halves & 1);
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

/*
 * (high 32 bits of value * multiplier, plus addend) / 2^shift, rounded down. The compiler has proven that after
 * saturation this is what the model's own rounding gives.
 */
static inline int32_t tvm_ai_scale_high(int32_t value, int32_t multiplier, int32_t addend, int32_t shift)
{
    return ((int32_t)(((int64_t)value * multiplier) >> 32) + addend) >> shift;
}

/*
 * The same for cores without long multiplication: value * multiplier / 2^places instead of the high 32 bits. The word
 * `parts` has the multiplier's last `places` bits in its lower half, what is before them in the upper half.
 */
static inline int32_t tvm_ai_scale_split(int32_t value, int32_t parts, int32_t places, int32_t addend, int32_t shift)
{
    return (value * (parts >> 16) + ((value * (parts & 0xFFFF)) >> places) + addend) >> shift;
}

/* The addend of an accumulator whose sign decides about it. */
static inline int32_t tvm_ai_addend(int32_t accumulator, int32_t addend, int32_t difference)
{
    return addend + (difference & (accumulator >> 31));
}

/* count bytes with the same value. */
static inline void tvm_ai_fill_bytes(int8_t *to, int32_t value, int32_t count)
{
    (void)memset(to, value, (size_t)count);
}

/* count bytes from elsewhere. */
static inline void tvm_ai_copy_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    (void)memcpy(to, from, (size_t)count);
}

/* count bytes from places that may overlap. */
static inline void tvm_ai_move_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    (void)memmove(to, from, (size_t)count);
}

/* (a * multiplier_a + b * multiplier_b + addend) >> shift; the compiler has proven that nothing leaves 32 bits. */
static inline int32_t tvm_ai_weighted_sum(int32_t a, int32_t multiplier_a, int32_t b, int32_t multiplier_b,
                                          int32_t addend, int32_t shift)
{
    return (addend + a * multiplier_a + b * multiplier_b) >> shift;
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

/* The same, but halves to even; what is within 2^-20 of a half is one. */
static inline int32_t tvm_ai_scale_even(int32_t accumulator, int32_t multiplier, int32_t offset_and_shift)
{
    int32_t shift = offset_and_shift & 63;
    int64_t offset = (int64_t)((uint32_t)offset_and_shift >> 6) << (shift - 26);
    int64_t tolerance = INT64_C(1) << (shift - 21);
    int64_t total = (int64_t)accumulator * multiplier + offset + tolerance;
    int32_t result = (int32_t)(total >> shift);
    if ((total & ((INT64_C(1) << shift) - 1)) < 2 * tolerance) {
        result -= result & 1;
    }
    return result;
}

/* The integer nearest to value, halves away from zero, within low and high; low for what is no number. */
static inline int32_t tvm_ai_round_away(float value, int32_t low, int32_t high)
{
    if (!(value > (float)low)) {
        return low;
    }
    if (value >= (float)high) {
        return high;
    }
    int32_t whole = (int32_t)value;
    float rest = value - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

/*
 * Softmax of int8: what gemmlowp's fixed-point functions compute for TFLite, to the last bit. Q5.26 says that an
 * int32_t counts units of 2^-26 with 5 bits before the point.
 */

/* value * 2^bits, saturated. */
static inline int32_t tvm_ai_softmax_left(int32_t value, int32_t bits)
{
    int64_t shifted = (int64_t)value * (INT64_C(1) << bits);
    return shifted > INT32_MAX ? INT32_MAX : shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/* exp(x) for -1/4 <= x < 0, Q0.31 to Q0.31: the Taylor polynomial of degree 4 around -1/8. */
static inline int32_t tvm_ai_softmax_exp_quarter(int32_t x)
{
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x1 = x + (INT32_C(1) << 28);
    int32_t x2 = tvm_ai_multiply_high(x1, x1);
    int32_t x3 = tvm_ai_multiply_high(x2, x1);
    int32_t x4 = tvm_ai_multiply_high(x2, x2);
    int32_t sum = tvm_ai_multiply_high(tvm_ai_divide_power(x4, 2) + x3, third) + x2;
    return exp_of_minus_eighth + tvm_ai_multiply_high(exp_of_minus_eighth, x1 + tvm_ai_divide_power(sum, 1));
}

/*
 * exp(difference * multiplier * 2^(shift - 57)), difference <= 0, in Q0.31; 1 is INT32_MAX.
 * The exponent is split into a remainder in [-1/4, 0) and powers of two from 1/4 to 16, whose exponentials are known.
 */
static inline int32_t tvm_ai_softmax_exponential(int32_t difference, int32_t multiplier, int32_t shift)
{
    static const int32_t exp_of_minus_power[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    int32_t x = tvm_ai_requantize(difference, multiplier, shift); /* Q5.26 */
    if (x == 0) {
        return INT32_MAX;
    }
    int32_t remainder = (x & ((INT32_C(1) << 24) - 1)) - (INT32_C(1) << 24);
    int32_t rest = remainder - x;
    int32_t result = tvm_ai_softmax_exp_quarter(remainder * 32);
    for (int32_t i = 0; i < 7; ++i) {
        if (((rest >> (24 + i)) & 1) != 0) {
            result = tvm_ai_multiply_high(result, exp_of_minus_power[i]);
        }
    }
    return result;
}

/* A sum in Q12.19 and one more exponential in Q0.31. Saturates where TFLite's would overflow, beyond 4095. */
static inline int32_t tvm_ai_softmax_sum(int32_t sum, int32_t exponential)
{
    int32_t term = tvm_ai_divide_power(exponential, 12);
    return sum > INT32_MAX - term ? INT32_MAX : sum + term;
}

/* Leading zero bits of sum > 0. */
static inline int32_t tvm_ai_softmax_headroom(int32_t sum)
{
    int32_t headroom = 1;
    while (sum < (INT32_C(1) << 30)) {
        sum *= 2;
        ++headroom;
    }
    return headroom;
}

/*
 * 1 / d for the sum's digits read as 1 <= d < 2, in Q0.31: Newton's iteration on half the denominator from
 * 48/17 - 32/17 d/2, three steps in Q2.29.
 */
static inline int32_t tvm_ai_softmax_reciprocal(int32_t sum)
{
    int32_t digits = (int32_t)(((uint32_t)sum << tvm_ai_softmax_headroom(sum)) - (UINT32_C(1) << 31));
    int32_t half = (int32_t)(((int64_t)digits + INT32_MAX + 1) / 2);
    int32_t x = 1515870810 + tvm_ai_multiply_high(half, -1010580540);
    for (int32_t i = 0; i < 3; ++i) {
        int32_t error = (INT32_C(1) << 29) - tvm_ai_multiply_high(half, x);
        x += tvm_ai_softmax_left(tvm_ai_multiply_high(x, error), 2);
    }
    return tvm_ai_softmax_left(x, 1);
}

/* Places between the product of an exponential and that reciprocal, and a result in units of 1/256. */
static inline int32_t tvm_ai_softmax_exponent(int32_t sum)
{
    return 35 - tvm_ai_softmax_headroom(sum);
}

/* The result, from -128; beyond 31 places (a sum above 512) all of them are less than half a unit. */
static inline int32_t tvm_ai_softmax_output(int32_t exponential, int32_t reciprocal, int32_t exponent)
{
    int32_t product = tvm_ai_multiply_high(reciprocal, exponential);
    int32_t units = exponent > 31 ? 0 : tvm_ai_divide_power(product, exponent);
    return tvm_ai_clamp(units - 128, -128, 127);
}

/* exp(x) for x <= 0, within 2 units of the last place; 0 below exp(-87.3), and for what is no number. */
static inline float tvm_ai_exp_negative(float x)
{
    if (!(x > -87.3f)) {
        return 0.0f;
    }
    int32_t power = (int32_t)(x * 1.44269504f - 0.5f); /* of two; the rest lies within ln(2) / 2 */
    float r = (x - (float)power * 0.693359375f) + (float)power * 2.12194440e-4f;
    float series = 1.0f / 5040.0f;
    series = series * r + 1.0f / 720.0f;
    series = series * r + 1.0f / 120.0f;
    series = series * r + 1.0f / 24.0f;
    series = series * r + 1.0f / 6.0f;
    series = series * r + 0.5f;
    return (series * r * r + r + 1.0f) * tvm_ai_float((uint32_t)(power + 127) << 23);
}

/* 1 / (1 + exp(-x)). */
static inline float tvm_ai_logistic(float x)
{
    float e = tvm_ai_exp_negative(x < 0.0f ? x : -x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* The hyperbolic tangent, within 1e-7; near 0, where the quotient would lose digits, by its series. */
static inline float tvm_ai_tanh(float x)
{
    float size = x < 0.0f ? -x : x;
    float square = x * x;
    if (size < 0.25f) {
        return x + x * square * (-1.0f / 3.0f + square * (2.0f / 15.0f - square * (17.0f / 315.0f)));
    }
    float e = tvm_ai_exp_negative(-2.0f * size);
    float quotient = (1.0f - e) / (1.0f + e);
    return x < 0.0f ? -quotient : quotient;
}

/*
 * ONNX's QuantizeLinear to int8: real / scale to the nearest integer, halves to even, plus zero_point, saturated.
 * Adding 1.5 * 2^23 to a small float leaves the integer in its low bits, rounded as float addition rounds.
 */
static inline int32_t tvm_ai_quantize(float real, float scale, int32_t zero_point)
{
    float low = (float)(-128 - zero_point);
    float high = (float)(127 - zero_point);
    float steps = real / scale;
    uint32_t bits;
    steps = steps > low ? steps : low; /* also where real is not a number */
    steps = steps < high ? steps : high;
    steps += 12582912.0f;
    (void)memcpy(&bits, &steps, sizeof bits);
    return (int32_t)(bits - UINT32_C(0x4B400000)) + zero_point;
}

/*
 * By these TVM asks for a local array that is too large for the stack. A kernel that does so gets planned memory as its
 * last parameter, `workspace`; where TVM has the device's number, the compiler has put the array's place in it.
 */
#define TVMBackendAllocWorkspace(device_type, place, size, type_code, type_bits) ((void *)&workspace[place])
#define TVMBackendFreeWorkspace(device_type, device_id, address) ((void)(address))

#endif /* TVM_AI_KERNELS_H */
