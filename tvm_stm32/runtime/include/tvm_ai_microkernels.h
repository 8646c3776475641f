/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated microkernels and the kernels around them share. Internal to the generated code. */
#ifndef TVM_AI_MICROKERNELS_H
#define TVM_AI_MICROKERNELS_H

#include <stdint.h>
#include <string.h>

/* Whether the Arm form of the microkernels can be used: Armv7E-M or Armv8-M with DSP instructions. */
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FEATURE_DSP)
#define TVM_AI_ASSEMBLY 1
#else
#define TVM_AI_ASSEMBLY 0
#endif

/*
 * Where the Arm form keeps what its registers have no room for: in numbered registers of the FPU, or, in builds that
 * may not use those, in as many words of the stack; ABOVE what the function itself has put there since, in bytes. SAVE
 * and RESTORE are for FPU registers that belong to the caller, ARGUMENT for words that it has put on the stack.
 */
#if defined(__ARM_FP)
#define TVM_AI_OPEN_SLOTS(count)
#define TVM_AI_CLOSE_SLOTS(count)
#define TVM_AI_SAVE_SLOTS(registers) "vpush {" #registers "}\n"
#define TVM_AI_RESTORE_SLOTS(registers) "vpop {" #registers "}\n"
#define TVM_AI_ARGUMENT(count, register, bytes) "ldr " #register ", [sp, #" #bytes "]\n"
#define TVM_AI_KEEP_ABOVE(bytes, slot, register) "vmov s" #slot ", " #register "\n"
#define TVM_AI_FETCH_ABOVE(bytes, register, slot) "vmov " #register ", s" #slot "\n"
#else
#define TVM_AI_OPEN_SLOTS(count) "sub sp, sp, #4 * " #count "\n"
#define TVM_AI_CLOSE_SLOTS(count) "add sp, sp, #4 * " #count "\n"
#define TVM_AI_SAVE_SLOTS(registers)
#define TVM_AI_RESTORE_SLOTS(registers)
#define TVM_AI_ARGUMENT(count, register, bytes) "ldr " #register ", [sp, #4 * " #count " + " #bytes "]\n"
#define TVM_AI_KEEP_ABOVE(bytes, slot, register) "str " #register ", [sp, #" #bytes " + 4 * " #slot "]\n"
#define TVM_AI_FETCH_ABOVE(bytes, register, slot) "ldr " #register ", [sp, #" #bytes " + 4 * " #slot "]\n"
#endif
#define TVM_AI_KEEP(slot, register) TVM_AI_KEEP_ABOVE(0, slot, register)
#define TVM_AI_FETCH(register, slot) TVM_AI_FETCH_ABOVE(0, register, slot)

/*
 * Which Thumb instructions microkernels may use that need no others: 2 from Armv7-M and Armv8-M Mainline on, 1 those of
 * Armv6-M, 0 none.
 */
#if !defined(__GNUC__) || !defined(__thumb__) || !defined(__ARM_ARCH_PROFILE)
#define TVM_AI_THUMB 0
#elif defined(__thumb2__)
#define TVM_AI_THUMB 2
#else
#define TVM_AI_THUMB 1
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
#if TVM_AI_ASSEMBLY
    uint32_t two = ((uint32_t)value & 0xFFFFu) | ((uint32_t)value << 16);
    for (; count > 7; count -= 8, y += 8) {
        (void)memcpy(y, &two, 4);
        (void)memcpy(y + 2, &two, 4);
        (void)memcpy(y + 4, &two, 4);
        (void)memcpy(y + 6, &two, 4);
    }
#endif
    for (; count > 0; count--) {
        *y++ = (int16_t)value;
    }
}

/* count times the same value. */
static inline void tvm_ai_fill_floats(float *y, float value, int32_t count)
{
    for (; count > 0; count--) {
        *y++ = value;
    }
}

/* count times the same value at the start of each of `number` planes, `size` values apart. */
static inline void tvm_ai_fill_planes(int16_t *planes, int32_t number, int32_t size, int32_t value, int32_t count)
{
    for (int32_t plane = 0; plane < number; plane++, planes += size) {
        tvm_ai_fill(planes, value, count);
    }
}

/* The last `count` values of each of `number` planes, `size` values apart and `from` on, to the planes' starts. */
static inline void tvm_ai_keep(int16_t *planes, int32_t number, int32_t size, int32_t from, int32_t count)
{
    for (int32_t plane = 0; plane < number; plane++, planes += size) {
        (void)memmove(planes, planes + from, 2 * (uint32_t)count);
    }
}

/* `count` bytes from `from` on become the first. */
static inline void tvm_ai_keep_bytes(int8_t *bytes, int32_t from, int32_t count)
{
    (void)memmove(bytes, bytes + from, (uint32_t)count);
}

/*
 * One channel of `count` pixels, `step` bytes apart, of `rows` rows, `row_step` bytes apart, as int16 into the rows of
 * a plane, `row_bytes` apart.
 */
static inline void tvm_ai_widen_rows(const int8_t *x, int16_t *plane, int32_t step, int32_t count, int32_t row_step,
                                     int32_t rows, int32_t row_bytes)
{
    for (int32_t row = 0; row < rows; row++, x += row_step, plane += row_bytes / 2) {
        for (int32_t i = 0; i < count; i++) {
            plane[i] = x[i * step];
        }
    }
}

#endif /* TVM_AI_MICROKERNELS_H */
