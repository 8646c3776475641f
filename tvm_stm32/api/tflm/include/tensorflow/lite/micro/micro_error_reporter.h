/* SPDX-License-Identifier: Apache-2.0 */
/* Another name of what it includes. */
#ifndef TVM_STM32_TFLM_MICRO_MICRO_ERROR_REPORTER_ALIAS_H
#define TVM_STM32_TFLM_MICRO_MICRO_ERROR_REPORTER_ALIAS_H

#include "tflite_bridge/micro_error_reporter.h"

#endif /* TVM_STM32_TFLM_MICRO_MICRO_ERROR_REPORTER_ALIAS_H */
