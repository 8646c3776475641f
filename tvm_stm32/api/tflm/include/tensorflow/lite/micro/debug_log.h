/* SPDX-License-Identifier: Apache-2.0 */
/* The application's function that prints. */
#ifndef TVM_STM32_TFLM_DEBUG_LOG_H
#define TVM_STM32_TFLM_DEBUG_LOG_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Prints `args` by `format`, as vprintf does. The library has one that prints nothing, for applications without. */
void DebugLog(const char *format, va_list args);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_TFLM_DEBUG_LOG_H */
