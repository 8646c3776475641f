/* SPDX-License-Identifier: Apache-2.0 */
/* The start of the C runtime. */
#ifndef TVM_STM32_CRT_CRT_H
#define TVM_STM32_CRT_CRT_H

#include "../c_runtime_api.h"
#include "error_codes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Nothing needs it here; it succeeds. */
tvm_crt_error_t TVMInitializeRuntime(void);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_CRT_CRT_H */
