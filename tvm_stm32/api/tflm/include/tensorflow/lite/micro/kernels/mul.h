/* SPDX-License-Identifier: Apache-2.0 */
/* Another name of what it includes. */
#ifndef TVM_STM32_TFLM_MICRO_KERNELS_MUL_ALIAS_H
#define TVM_STM32_TFLM_MICRO_KERNELS_MUL_ALIAS_H

#include "micro_ops.h"

#endif /* TVM_STM32_TFLM_MICRO_KERNELS_MUL_ALIAS_H */
