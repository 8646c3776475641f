/* SPDX-License-Identifier: Apache-2.0 */
/* Operators by name, and what their packed functions share. */
#include "tvm/runtime/crt/func_registry.h"
#include "tvm_ai_tvm_aot.h"

#include <string.h>

/* A table begins with its length, low byte first; names follow, each with its zero; a second zero ends it. */
#define HEAD 2

TVM_AI_SHARED
tvm_function_index_t TVMFuncRegistry_GetNumFuncs(const TVMFuncRegistry *reg)
{
    const unsigned low = (unsigned char)reg->names[0], high = (unsigned char)reg->names[1];
    return (tvm_function_index_t)(low | high << 8);
}

TVM_AI_SHARED
int TVMFuncRegistry_SetNumFuncs(const TVMFuncRegistry *reg, tvm_function_index_t num_funcs)
{
    char *names = (char *)(uintptr_t)reg->names; /* of a registry in RAM: that is the caller's to know */
    names[0] = (char)(num_funcs & 0xff);
    names[1] = (char)(num_funcs >> 8);
    return (int)kTvmErrorNoError;
}

TVM_AI_SHARED
const char *TVMFuncRegistry_Get0thFunctionName(const TVMFuncRegistry *reg)
{
    return reg->names + HEAD;
}

TVM_AI_SHARED
tvm_crt_error_t TVMFuncRegistry_Lookup(const TVMFuncRegistry *reg, const char *name,
                                       tvm_function_index_t *function_index)
{
    const tvm_function_index_t count = TVMFuncRegistry_GetNumFuncs(reg);
    const char *candidate = TVMFuncRegistry_Get0thFunctionName(reg);
    for (tvm_function_index_t i = 0; i < count; i++) {
        if (strcmp(candidate, name) == 0) {
            *function_index = i;
            return kTvmErrorNoError;
        }
        candidate += strlen(candidate) + 1;
    }
    return kTvmErrorFunctionNameNotFound;
}

TVM_AI_SHARED
tvm_crt_error_t TVMFuncRegistry_GetByIndex(const TVMFuncRegistry *reg, tvm_function_index_t index,
                                           TVMBackendPackedCFunc *out_func)
{
    if (index >= TVMFuncRegistry_GetNumFuncs(reg)) {
        return kTvmErrorFunctionIndexInvalid;
    }
    *out_func = reg->funcs[index];
    return kTvmErrorNoError;
}

TVM_AI_SHARED
TVMBackendPackedCFunc tvm_ai_find_function(const TVMFuncRegistry *registry, const char *name)
{
    tvm_function_index_t index;
    if (registry == NULL || name == NULL || TVMFuncRegistry_Lookup(registry, name, &index) != kTvmErrorNoError) {
        return NULL;
    }
    return registry->funcs[index];
}

/* What an argument points to; null if it is no pointer. */
static void *pointer_in(const TVMValue *argument, int type_code)
{
    if (type_code == kTVMOpaqueHandle) {
        return argument->v_handle;
    }
    if ((type_code == kTVMDLTensorHandle || type_code == kTVMNDArrayHandle) && argument->v_handle != NULL) {
        const DLTensor *tensor = argument->v_handle;
        return tensor->data == NULL ? NULL : (uint8_t *)tensor->data + tensor->byte_offset;
    }
    return NULL;
}

TVM_AI_SHARED
int tvm_ai_tvm_aot_pointers(void **pointers, const uint8_t *sizes, int count, const TVMValue *args,
                            const int *type_codes, int num_args)
{
    if (num_args != count || args == NULL || type_codes == NULL) {
        return kTvmErrorFunctionCallNumArguments;
    }
    for (int i = 0; i < count; i++) {
        pointers[i] = pointer_in(&args[i], type_codes[i]);
        if (pointers[i] == NULL || (uintptr_t)pointers[i] % sizes[i] != 0) {
            return kTvmErrorFunctionCallWrongArgType;
        }
    }
    return kTvmErrorNoError;
}
