/* SPDX-License-Identifier: Apache-2.0 */
/* Another name of what it includes. */
#ifndef TVM_STM32_TFLM_C_C_API_TYPES_ALIAS_H
#define TVM_STM32_TFLM_C_C_API_TYPES_ALIAS_H

#include "../core/c/common.h"

#endif /* TVM_STM32_TFLM_C_C_API_TYPES_ALIAS_H */
