/* SPDX-License-Identifier: Apache-2.0 */
/* Types of arguments of packed functions, and what a client registers. */
#ifndef TVM_STM32_C_RUNTIME_API_H
#define TVM_STM32_C_RUNTIME_API_H

#include "../../dlpack/dlpack.h"

#ifndef TVM_DLL
#define TVM_DLL
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef void *TVMFunctionHandle;
typedef void *TVMRetValueHandle;
typedef DLTensor *TVMArrayHandle;

typedef enum {
    kTVMArgInt = kDLInt,
    kTVMArgFloat = kDLFloat,
    kTVMOpaqueHandle = 3U,
    kTVMNullptr = 4U,
    kTVMDataType = 5U,
    kDLDevice = 6U,
    kTVMDLTensorHandle = 7U,
    kTVMObjectHandle = 8U,
    kTVMModuleHandle = 9U,
    kTVMPackedFuncHandle = 10U,
    kTVMStr = 11U,
    kTVMBytes = 12U,
    kTVMNDArrayHandle = 13U,
    kTVMObjectRValueRefArg = 14U
} TVMArgTypeCode;

typedef union {
    int64_t v_int64;
    double v_float64;
    void *v_handle;
    const char *v_str;
    DLDataType v_type;
    DLDevice v_device;
} TVMValue;

typedef struct {
    const char *data;
    size_t size;
} TVMByteArray;

/* The client's, for the C runtime. Libraries from here register nothing and do not call it. */
TVM_DLL int TVMFuncRegisterGlobal(const char *name, TVMFunctionHandle f, int override);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_C_RUNTIME_API_H */
