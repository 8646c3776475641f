/* SPDX-License-Identifier: Apache-2.0 */
/* The client's functions. Libraries from here call TVMPlatformMemoryAllocate and TVMPlatformMemoryFree alone. */
#ifndef TVM_STM32_CRT_PLATFORM_H
#define TVM_STM32_CRT_PLATFORM_H

#include <stdarg.h>

#include "../c_runtime_api.h"
#include "error_codes.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
void __attribute__((noreturn)) TVMPlatformAbort(tvm_crt_error_t code);
#else
void TVMPlatformAbort(tvm_crt_error_t code);
#endif
size_t TVMPlatformFormatMessage(char *out_buf, size_t out_buf_size_bytes, const char *fmt, va_list args);
tvm_crt_error_t TVMPlatformMemoryAllocate(size_t num_bytes, DLDevice dev, void **out_ptr);
tvm_crt_error_t TVMPlatformMemoryFree(void *ptr, DLDevice dev);
tvm_crt_error_t TVMPlatformTimerStart(void);
tvm_crt_error_t TVMPlatformTimerStop(double *elapsed_time_seconds);
tvm_crt_error_t TVMPlatformBeforeMeasurement(void);
tvm_crt_error_t TVMPlatformAfterMeasurement(void);
tvm_crt_error_t TVMPlatformGenerateRandom(uint8_t *buffer, size_t num_bytes);
tvm_crt_error_t TVMPlatformInitialize(void);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_CRT_PLATFORM_H */
