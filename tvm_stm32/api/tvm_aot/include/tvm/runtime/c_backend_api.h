/* SPDX-License-Identifier: Apache-2.0 */
/* What generated code calls, and how it is called. */
#ifndef TVM_STM32_C_BACKEND_API_H
#define TVM_STM32_C_BACKEND_API_H

#include "c_runtime_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An operator by packed arguments; 0 or a tvm_crt_error_t. */
typedef int (*TVMBackendPackedCFunc)(TVMValue *args, int *type_codes, int num_args, TVMValue *out_ret_value,
                                     int *out_ret_tcode, void *resource_handle);

/*
 * Memory for a run, by the client's TVMPlatformMemoryAllocate and TVMPlatformMemoryFree; null if there is none. A
 * client may define these two itself.
 */
TVM_DLL void *TVMBackendAllocWorkspace(int device_type, int device_id, uint64_t nbytes, int dtype_code_hint,
                                       int dtype_bits_hint);
TVM_DLL int TVMBackendFreeWorkspace(int device_type, int device_id, void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_C_BACKEND_API_H */
