/*
 * tiny: the model's kernels, lowered to C by TVM
 *
 * Generated from tiny model.tflite (TFLite, int8): edits are lost when it is generated again.
 * Settings: part STM32F405RGT6 (cortex-m4), optimize balanced, inputs application, outputs application, float ABI
 * hard.
 * Tools: apache-tvm 4.5.6, tvm_stm32 1.2.3.
 */

#include "tvm_ai_kernels.h"
#include "tvm_ai_microkernels.h"

/* value, or the nearest int8. */
static int8_t tiny_saturate(int32_t value)
{
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/*
 * scale: x [2, 2, 2], y [2, 2, 2]
 * y = x * weights * 2^shifts + bias, clamped
 */
void tiny_scale_0(const int8_t *x, const int8_t *weights, const int16_t *shifts, const int32_t *bias, int8_t *y)
{
    for (int32_t i = 0; i < 8; ++i) {
        int32_t value = x[i] * weights[i & 1] * (1 << shifts[i & 1]) + bias[i & 1];
        y[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

/* add: y = a + b, clamped */
void tiny_add_0(const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < 8; ++i) {
        int32_t value = (int32_t)a[i] + (int32_t)b[i];

        y[i] = tiny_saturate(value);
    }
}

/* running_sum: sums of x up to each element, by 8 */
void tiny_running_sum_0(const int8_t *x, int32_t *sums, int8_t *y)
{
    sums[0] = 0;
    for (int32_t i = 0; i < 8; ++i) {
        sums[i + 1] = sums[i] + x[i];
    }
    for (int32_t i = 0; i < 8; ++i) {
        y[i] = (int8_t)(sums[i + 1] / 8);
    }
}

/* dequantize: y = x * scale + offset */
void tiny_dequantize_0(const int8_t *x, const float *scales, float *y)
{
    for (int32_t i = 0; i < 8; ++i) {
        y[i] = (float)x[i] * scales[0] + scales[1];
    }
}
