/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For applications that have no log, no clock or no board to start. Those of the C++ interface are in C here, by the
 * names that the C++ ABI of Itanium, which compilers for Arm follow, gives them.
 */
#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/tvm_ai_tflm.h"

#define TICKS_PER_SECOND _ZN6tflite16ticks_per_secondEv
#define GET_CURRENT_TIME_TICKS _ZN6tflite19GetCurrentTimeTicksEv
#define INITIALIZE_TARGET _ZN6tflite16InitializeTargetEv

uint32_t TICKS_PER_SECOND(void);
uint32_t GET_CURRENT_TIME_TICKS(void);
void INITIALIZE_TARGET(void);

TVM_AI_SHARED
uint32_t TICKS_PER_SECOND(void)
{
    return 0;
}

TVM_AI_SHARED
uint32_t GET_CURRENT_TIME_TICKS(void)
{
    return 0;
}

TVM_AI_SHARED
void INITIALIZE_TARGET(void)
{
}

TVM_AI_SHARED
void (*tvm_ai_tflm_log)(const char *format, va_list args);

TVM_AI_SHARED
void DebugLog(const char *format, va_list args)
{
    if (tvm_ai_tflm_log != NULL) {
        tvm_ai_tflm_log(format, args);
    }
}
