/*
 * total: the model's constants
 *
 * Generated from total.onnx (ONNX, int8): edits are lost when it is generated again.
 * Settings: cortex-m0plus, optimize ram, inputs arena, outputs arena, float ABI any.
 * Tools: tvm_stm32 1.2.3.
 */

#include "total.h"

const char total_signature[65] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
