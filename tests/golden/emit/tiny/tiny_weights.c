/*
 * tiny: the model's constants
 *
 * Generated from tiny model.tflite (TFLite, int8): edits are lost when it is generated again.
 * Settings: part STM32F405RGT6 (cortex-m4), optimize balanced, inputs arena, outputs arena, float ABI any.
 * Tools: apache-tvm 4.5.6, tvm_stm32 1.2.3.
 */

#include "tiny.h"

const char tiny_signature[65] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const tiny_parameters tiny_weights TVM_AI_SECTION(".rodata.tiny_weights") = {
    /* body/scale: one per channel */
    .scale_0_weights = {3, -2},
    /* body/scale: one per channel */
    .scale_0_shifts = {0, 10},
    /* body/scale: one per channel */
    .scale_0_bias = {-7, 100000},
    /* head: scale, offset */
    .dequantize_3_scales = {0.1f, -1e-10f},
};
