/* SPDX-License-Identifier: Apache-2.0 */
/* Another name of what it includes. */
#ifndef TVM_STM32_TFLM_MICRO_RECORDING_MICRO_ALLOCATOR_ALIAS_H
#define TVM_STM32_TFLM_MICRO_RECORDING_MICRO_ALLOCATOR_ALIAS_H

#include "micro_allocator.h"

#endif /* TVM_STM32_TFLM_MICRO_RECORDING_MICRO_ALLOCATOR_ALIAS_H */
