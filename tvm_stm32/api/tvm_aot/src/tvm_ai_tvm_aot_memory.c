/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of clients of TVM: the workspace comes from their platform functions, most often by way of a stack. */
#include "tvm/runtime/c_backend_api.h"
#include "tvm/runtime/crt/crt.h"
#include "tvm/runtime/crt/platform.h"
#include "tvm/runtime/crt/stack_allocator.h"
#include "tvm_ai_tvm_aot.h"

static DLDevice device(int type, int id)
{
    DLDevice device = {(DLDeviceType)type, id};
    return device;
}

/* Some clients have this one and the next themselves. */
TVM_AI_SHARED
void *TVMBackendAllocWorkspace(int device_type, int device_id, uint64_t nbytes, int dtype_code_hint,
                               int dtype_bits_hint)
{
    void *workspace = NULL;
    (void)dtype_code_hint;
    (void)dtype_bits_hint;
    return TVMPlatformMemoryAllocate((size_t)nbytes, device(device_type, device_id), &workspace) == kTvmErrorNoError
               ? workspace
               : NULL;
}

TVM_AI_SHARED
int TVMBackendFreeWorkspace(int device_type, int device_id, void *ptr)
{
    return (int)TVMPlatformMemoryFree(ptr, device(device_type, device_id));
}

TVM_AI_SHARED
tvm_crt_error_t TVMInitializeRuntime(void)
{
    return kTvmErrorNoError; /* there is nothing that could need it */
}

#define ALIGNMENT ((size_t)TVM_RUNTIME_ALLOC_ALIGNMENT_BYTES)

TVM_AI_SHARED
tvm_crt_error_t StackMemoryManager_Init(tvm_workspace_t *tvm_runtime_workspace, uint8_t *g_aot_memory,
                                        size_t workspace_size)
{
    const size_t gap = (size_t)(0 - (uintptr_t)g_aot_memory) & (ALIGNMENT - 1);
    if (g_aot_memory == NULL || workspace_size < gap) {
        return kTvmErrorPlatformNoMemory;
    }
    tvm_runtime_workspace->workspace = g_aot_memory + gap;
    tvm_runtime_workspace->next_alloc = g_aot_memory + gap;
    tvm_runtime_workspace->workspace_size = workspace_size - gap;
    return kTvmErrorNoError;
}

/* Bytes in use. */
static size_t used(const tvm_workspace_t *workspace)
{
    return (size_t)(workspace->next_alloc - workspace->workspace);
}

TVM_AI_SHARED
tvm_crt_error_t StackMemoryManager_Allocate(tvm_workspace_t *tvm_runtime_workspace, int32_t nbytes, void **allocated)
{
    const size_t left = tvm_runtime_workspace->workspace_size - used(tvm_runtime_workspace);
    const size_t size = ((size_t)nbytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    *allocated = NULL;
    if (nbytes < 0 || size > left) {
        return kTvmErrorPlatformNoMemory;
    }
    *allocated = tvm_runtime_workspace->next_alloc;
    tvm_runtime_workspace->next_alloc += size;
    return kTvmErrorNoError;
}

TVM_AI_SHARED
tvm_crt_error_t StackMemoryManager_Free(tvm_workspace_t *tvm_runtime_workspace, void *ptr)
{
    /* By addresses: what is freed wrongly may be anywhere. Below the start, the difference is huge. */
    const uintptr_t offset = (uintptr_t)ptr - (uintptr_t)tvm_runtime_workspace->workspace;
    if (offset > used(tvm_runtime_workspace) || offset % ALIGNMENT != 0) {
        return kTvmErrorPlatformStackAllocBadFree;
    }
    tvm_runtime_workspace->next_alloc = tvm_runtime_workspace->workspace + offset;
    return kTvmErrorNoError;
}
