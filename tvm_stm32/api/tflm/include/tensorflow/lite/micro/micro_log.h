/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, one a line, to the application's DebugLog. Nothing is printed with TF_LITE_STRIP_ERROR_STRINGS. */
#ifndef TVM_STM32_TFLM_MICRO_LOG_H
#define TVM_STM32_TFLM_MICRO_LOG_H

#include "debug_log.h"

#if defined(TF_LITE_STRIP_ERROR_STRINGS)
#define MicroPrintf(...) static_cast<void>(0)
#define VMicroPrintf(format, args) static_cast<void>(0)
#else

inline void VMicroPrintf(const char *format, va_list args)
{
    DebugLog(format, args);
    va_list none;
    va_copy(none, args);
    DebugLog("\r\n", none);
    va_end(none);
}

inline void MicroPrintf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    VMicroPrintf(format, args);
    va_end(args);
}
#endif

#endif /* TVM_STM32_TFLM_MICRO_LOG_H */
