/* SPDX-License-Identifier: Apache-2.0 */
/* A stack of blocks in an array of the client's, for its TVMPlatformMemoryAllocate. */
#ifndef TVM_STM32_CRT_STACK_ALLOCATOR_H
#define TVM_STM32_CRT_STACK_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>

#include "error_codes.h"

/* Blocks begin at multiples of this. */
#ifndef TVM_RUNTIME_ALLOC_ALIGNMENT_BYTES
#define TVM_RUNTIME_ALLOC_ALIGNMENT_BYTES 16
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint8_t *next_alloc;   /* where the next block begins */
    uint8_t *workspace;    /* where the first did */
    size_t workspace_size; /* bytes from there */
} tvm_workspace_t;

/* kTvmErrorPlatformNoMemory: no array, or one in which nothing can be aligned. */
tvm_crt_error_t StackMemoryManager_Init(tvm_workspace_t *tvm_runtime_workspace, uint8_t *g_aot_memory,
                                        size_t workspace_size);

/* kTvmErrorPlatformNoMemory: it does not fit; `allocated` is then null. */
tvm_crt_error_t StackMemoryManager_Allocate(tvm_workspace_t *tvm_runtime_workspace, int32_t nbytes, void **allocated);

/* Frees a block and all after it. kTvmErrorPlatformStackAllocBadFree: no block begins there. */
tvm_crt_error_t StackMemoryManager_Free(tvm_workspace_t *tvm_runtime_workspace, void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* TVM_STM32_CRT_STACK_ALLOCATOR_H */
