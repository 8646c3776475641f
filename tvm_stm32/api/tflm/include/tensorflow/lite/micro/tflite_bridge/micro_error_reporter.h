/* SPDX-License-Identifier: Apache-2.0 */
/* A reporter that prints by the application's DebugLog. */
#ifndef TVM_STM32_TFLM_MICRO_ERROR_REPORTER_H
#define TVM_STM32_TFLM_MICRO_ERROR_REPORTER_H

#include "../../core/api/error_reporter.h"
#include "../micro_log.h"

namespace tflite {

class MicroErrorReporter : public ErrorReporter {
  public:
    int Report(const char *format, va_list args) override
    {
        VMicroPrintf(format, args);
        return 0;
    }
    TF_LITE_REMOVE_VIRTUAL_DELETE
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_ERROR_REPORTER_H */
