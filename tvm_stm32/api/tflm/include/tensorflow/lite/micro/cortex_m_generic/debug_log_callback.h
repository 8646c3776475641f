/* SPDX-License-Identifier: Apache-2.0 */
/* A function that prints, for applications that have no DebugLog of their own. */
#ifndef TVM_STM32_TFLM_DEBUG_LOG_CALLBACK_H
#define TVM_STM32_TFLM_DEBUG_LOG_CALLBACK_H

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*DebugLogCallback)(const char *s);

/* Messages go to `callback` from now on, in pieces of up to 255 characters; null: nowhere. */
void RegisterDebugLogCallback(DebugLogCallback callback);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_TFLM_DEBUG_LOG_CALLBACK_H */
