/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as applications printed them before MicroPrintf. */
#ifndef TVM_STM32_TFLM_ERROR_REPORTER_H
#define TVM_STM32_TFLM_ERROR_REPORTER_H

#include <stdarg.h>

#include "../../micro/compatibility.h"

namespace tflite {

class ErrorReporter {
  public:
    virtual ~ErrorReporter()
    {
    }
    virtual int Report(const char *format, va_list args) = 0;

    int Report(const char *format, ...)
    {
        va_list args;
        va_start(args, format);
        const int code = Report(format, args);
        va_end(args);
        return code;
    }
    TF_LITE_REMOVE_VIRTUAL_DELETE
};

} // namespace tflite

#if defined(TF_LITE_STRIP_ERROR_STRINGS)
#define TF_LITE_REPORT_ERROR(reporter, ...) static_cast<void>(reporter)
#else
#define TF_LITE_REPORT_ERROR(reporter, ...) static_cast<tflite::ErrorReporter *>(reporter)->Report(__VA_ARGS__)
#endif

#endif /* TVM_STM32_TFLM_ERROR_REPORTER_H */
