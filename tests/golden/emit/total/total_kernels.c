/*
 * total: the model's kernels, lowered to C by TVM
 *
 * Generated from total.onnx (ONNX, int8): edits are lost when it is generated again.
 * Settings: cortex-m0plus, optimize ram, inputs arena, outputs arena, float ABI any.
 * Tools: tvm_stm32 1.2.3.
 */

#include "tvm_ai_kernels.h"

/* total: y = sum of x [4] */
void total_total_0(const int8_t *x, int32_t *y)
{
    y[0] = 0;
    for (int32_t i = 0; i < 4; ++i) {
        y[0] += x[i];
    }
}
