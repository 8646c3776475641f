/* SPDX-License-Identifier: Apache-2.0 */
/* The client's log. Libraries from here log nothing. */
#ifndef TVM_STM32_CRT_LOGGING_H
#define TVM_STM32_CRT_LOGGING_H

#define TVM_CRT_LOG_LEVEL_ERROR 0
#define TVM_CRT_LOG_LEVEL_WARN 1
#define TVM_CRT_LOG_LEVEL_INFO 2
#define TVM_CRT_LOG_LEVEL_DEBUG 3

#ifdef __cplusplus
extern "C" {
#endif

void TVMLogf(const char *fmt, ...);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_CRT_LOGGING_H */
