/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated microkernels and the kernels around them share. Internal to the generated code. */
#ifndef TVM_AI_MICROKERNELS_H
#define TVM_AI_MICROKERNELS_H

#include <stdint.h>
#include <string.h>

/* Whether the Arm form of the microkernels can be used: Armv7E-M or Armv8-M with DSP instructions and FPU registers. */
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
#define TVM_AI_ASSEMBLY 1
#else
#define TVM_AI_ASSEMBLY 0
#endif

/* Before a parameter of a naked function, which reads it by its register. */
#define TVM_AI_REGISTER __attribute__((unused))

/*
 * One of the four weights of a word that holds two 16-bit lanes 256 * B + A: 0 is A, 1 is B of the low lane, 2 and 3 of
 * the high lane.
 */
static inline int32_t tvm_ai_lane(int32_t word, int32_t index)
{
    int16_t lane = (int16_t)((uint32_t)word >> (index < 2 ? 0 : 16));
    int8_t low = (int8_t)lane;
    return (index & 1) != 0 ? (lane - low) >> 8 : low;
}

/* One of the four weights of a word of bytes, in the same order. */
static inline int32_t tvm_ai_byte(int32_t word, int32_t index)
{
    return (int8_t)(uint8_t)((uint32_t)word >> (8 * index));
}

/* ((high 32 bits of value * multiplier) + addend) >> shift, saturated to int8: SMMLA and SSAT. */
static inline int8_t tvm_ai_narrow(int32_t value, int32_t multiplier, int32_t addend, int32_t shift)
{
    int32_t sum = ((int32_t)(((int64_t)value * multiplier) >> 32) + addend) >> shift;
    return (int8_t)(sum > 127 ? 127 : sum < -128 ? -128 : sum);
}

/* count times the same value. */
static inline void tvm_ai_fill(int16_t *y, int32_t value, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        y[i] = (int16_t)value;
    }
}

/*
 * Four neighbouring channels of `count` pixels, `step` bytes apart, as int16 into four planes that are `size` values
 * apart. `skip` values of each plane's row come before the first.
 */
static inline void tvm_ai_split(const int8_t *x, int32_t step, int32_t count, int16_t *planes, int32_t size,
                                int32_t skip)
{
    planes += skip;
    while (count > 0) {
#if TVM_AI_ASSEMBLY
        for (; count > 1 && (skip & 1) == 0; count -= 2, x += 2 * step, planes += 2) {
            uint32_t a, b, even, odd, low, high;
            (void)memcpy(&a, x, 4);
            (void)memcpy(&b, x + step, 4);
            __asm__("sxtb16 %0, %1" : "=r"(even) : "r"(a));
            __asm__("sxtb16 %0, %1" : "=r"(odd) : "r"(b));
            __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(even), "r"(odd));
            __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(odd), "r"(even));
            (void)memcpy(planes, &low, 4);
            (void)memcpy(planes + 2 * size, &high, 4);
            __asm__("sxtb16 %0, %1, ror #8" : "=r"(even) : "r"(a));
            __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(b));
            __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(even), "r"(odd));
            __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(odd), "r"(even));
            (void)memcpy(planes + size, &low, 4);
            (void)memcpy(planes + 3 * size, &high, 4);
        }
        if (count == 0) {
            return;
        }
#endif
        planes[0] = x[0];
        planes[size] = x[1];
        planes[2 * size] = x[2];
        planes[3 * size] = x[3];
        x += step;
        planes++;
        count--;
        skip++; /* the next two share a word if this one did not */
    }
}

/* The last `count` values of each of four planes, `size` values apart and `from` on, to the planes' starts. */
static inline void tvm_ai_keep(int16_t *planes, int32_t size, int32_t from, int32_t count)
{
    for (int32_t plane = 0; plane < 4; plane++, planes += size) {
        (void)memcpy(planes, planes + from, 2 * (uint32_t)count);
    }
}

#endif /* TVM_AI_MICROKERNELS_H */
