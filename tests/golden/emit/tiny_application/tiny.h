/*
 * tiny: a neural network for tvm_ai.h, which says how to use it
 *
 * Generated from tiny model.tflite (TFLite, int8): edits are lost when it is generated again.
 * Settings: part STM32F405RGT6 (cortex-m4), optimize balanced, inputs application, outputs application, float ABI
 * hard.
 * Tools: apache-tvm 4.5.6, tvm_stm32 1.2.3.
 */

#ifndef TINY_H
#define TINY_H

#include "tvm_ai.h"

#if TVM_AI_API_VERSION != 1
#error "tiny.h needs tvm_ai.h of interface version 1: use the tvm_ai.h that was generated with it"
#endif
#if defined(__arm__) && !defined(__ARM_PCS_VFP)
#error "tiny is for the hard-float ABI: compile with -mfloat-abi=hard, or generate it with --float-abi soft"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of working memory, and what they must be aligned to. */
#define TINY_ACTIVATIONS_SIZE 56
#define TINY_ACTIVATIONS_ALIGNMENT 8

/* Bytes of constants in flash; kernel calls and multiply-accumulates of one run. */
#define TINY_PARAMETERS_SIZE 24
#define TINY_NODES 4
#define TINY_MACS 16

#define TINY_INPUTS 2
#define TINY_OUTPUTS 2

/* Input 0, "x:0": int8 1x2x2x2 */
#define TINY_INPUT_0_TYPE int8_t
#define TINY_INPUT_0_SIZE 8 /* bytes */
#define TINY_INPUT_0_SHAPE {1, 2, 2, 2}
#define TINY_INPUT_0_SCALE 0.5f /* real = SCALE * (value - ZERO_POINT) */
#define TINY_INPUT_0_ZERO_POINT (-128)

/* Input 1, "side": int8 1x2x2x2 */
#define TINY_INPUT_1_TYPE int8_t
#define TINY_INPUT_1_SIZE 8 /* bytes */
#define TINY_INPUT_1_SHAPE {1, 2, 2, 2}

/* Output 0, "sums": int8 1x2x2x2 */
#define TINY_OUTPUT_0_TYPE int8_t
#define TINY_OUTPUT_0_SIZE 8 /* bytes */
#define TINY_OUTPUT_0_SHAPE {1, 2, 2, 2}

/* Output 1, "real": float32 1x2x2x2 */
#define TINY_OUTPUT_1_TYPE float
#define TINY_OUTPUT_1_SIZE 32 /* bytes */
#define TINY_OUTPUT_1_SHAPE {1, 2, 2, 2}

/* The model: give its address to tvm_ai_create. */
extern const tvm_ai_model tiny_model;

/*
 * Working memory in section .bss.tiny_activations, for those who want the linker script to place it. The library
 * itself never refers to it: linked with --gc-sections it costs nothing where it is not used.
 */
extern uint8_t tiny_activations[TINY_ACTIVATIONS_SIZE];

/* sha256 of the model file, hexadecimal. */
extern const char tiny_signature[65];

/* Constants, in section .rodata.tiny_weights. The layout is internal: it changes with the compiler. */
typedef struct {
    /* body/scale: one per channel */
    int8_t scale_0_weights[2] TVM_AI_ALIGNED_TO(4);
    /* body/scale: one per channel */
    int16_t scale_0_shifts[2] TVM_AI_ALIGNED_TO(4);
    /* body/scale: one per channel */
    int32_t scale_0_bias[2];
    /* head: scale, offset */
    float dequantize_3_scales[2];
} tiny_parameters;
extern const tiny_parameters tiny_weights;

#ifdef __cplusplus
}
#endif

#endif /* TINY_H */
