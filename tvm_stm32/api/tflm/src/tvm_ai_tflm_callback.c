/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to a callback of the application. Apart, because it needs the C library's vsnprintf. */
#include "tensorflow/lite/micro/cortex_m_generic/debug_log_callback.h"
#include "tensorflow/lite/micro/tvm_ai_tflm.h"

#include <stdio.h>

static DebugLogCallback print;

static void format_and_print(const char *format, va_list args)
{
    char text[256];
    (void)vsnprintf(text, sizeof text, format, args);
    print(text);
}

TVM_AI_SHARED
void RegisterDebugLogCallback(DebugLogCallback callback)
{
    print = callback;
    tvm_ai_tflm_log = callback == NULL ? NULL : format_and_print;
}
