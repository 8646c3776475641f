/*
 * total: a neural network for tvm_ai.h, which says how to use it
 *
 * Generated from total.onnx (ONNX, int8): edits are lost when it is generated again.
 * Settings: cortex-m0plus, optimize ram, inputs arena, outputs arena, float ABI any.
 * Tools: tvm_stm32 1.2.3.
 */

#ifndef TOTAL_H
#define TOTAL_H

#include "tvm_ai.h"

#if TVM_AI_API_VERSION != 1
#error "total.h needs tvm_ai.h of interface version 1: use the tvm_ai.h that was generated with it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of working memory, and what they must be aligned to. */
#define TOTAL_ACTIVATIONS_SIZE 8
#define TOTAL_ACTIVATIONS_ALIGNMENT 4

/* Bytes of constants in flash; kernel calls and multiply-accumulates of one run. */
#define TOTAL_PARAMETERS_SIZE 0
#define TOTAL_NODES 1
#define TOTAL_MACS 0

#define TOTAL_INPUTS 1
#define TOTAL_OUTPUTS 1

/* Input 0, "values": int8 4 */
#define TOTAL_INPUT_0_TYPE int8_t
#define TOTAL_INPUT_0_SIZE 4 /* bytes */
#define TOTAL_INPUT_0_SHAPE {4}

/* Output 0, "sum": int32 */
#define TOTAL_OUTPUT_0_TYPE int32_t
#define TOTAL_OUTPUT_0_SIZE 4 /* bytes */

/* The model: give its address to tvm_ai_create. */
extern const tvm_ai_model total_model;

/*
 * Working memory in section .bss.total_activations, for those who want the linker script to place it. The library
 * itself never refers to it: linked with --gc-sections it costs nothing where it is not used.
 */
extern uint8_t total_activations[TOTAL_ACTIVATIONS_SIZE];

/* sha256 of the model file, hexadecimal. */
extern const char total_signature[65];

#ifdef __cplusplus
}
#endif

#endif /* TOTAL_H */
