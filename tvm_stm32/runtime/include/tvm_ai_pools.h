/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models whose memory is in pools: working memory in several RAMs, constants in several memories (--memory-pools).
 *
 *     #include "kws.h"
 *
 *     static tvm_ai_pooled_instance kws;
 *
 *     if (tvm_ai_create_in_pools(&kws, &kws_model, kws_memory, KWS_POOLS) != TVM_AI_OK) {
 *         ...
 *     }
 *     memcpy(tvm_ai_input(&kws.instance, 0)->data, features, KWS_INPUT_0_SIZE);
 *     tvm_ai_run(&kws.instance);
 *
 * kws_memory lists the library's own arrays, one for each pool, which the generated linker script, or the fragment
 * kws_pools.ld for one's own, puts into their memories. A table of the application's own blocks serves as well: their
 * sizes and alignments are in kws.h. Everything else is as tvm_ai.h says of any instance.
 */
#ifndef TVM_AI_POOLS_H
#define TVM_AI_POOLS_H

#include "tvm_ai.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most pools of working memory, and groups of constants, of a model. */
#define TVM_AI_MAX_POOLS 8

/* group.pool of constants that are read where they are. */
#define TVM_AI_NOT_COPIED UINT32_MAX

/* A pool of working memory; in flash. */
typedef struct {
    const char *name;   /* as in the file of pools */
    size_t size;        /* bytes, at least 1 */
    size_t alignment;   /* bytes; a power of two */
    size_t activations; /* bytes of them at the start of the pool; copies of constants may follow */
} tvm_ai_pool;

/* Constants that are together in one memory; in flash. */
typedef struct {
    const char *name;    /* of their pool, as in the file of pools */
    const void *address; /* where they are, or are copied from */
    size_t size;         /* bytes */
    uint32_t pool;       /* index of the pool of working memory that create copies them to, or TVM_AI_NOT_COPIED */
    size_t offset;       /* bytes from the start of that pool */
} tvm_ai_group;

/* The pools of a model; in flash. Made by the compiler only. */
typedef struct tvm_ai_layout {
    uint32_t pools;               /* how many, at least 1; the first is the model's activations */
    uint32_t groups;              /* how many, beside the model's parameters */
    const tvm_ai_pool *pool;      /* the first, and the others */
    const tvm_ai_group *group;    /* the first beside the model's parameters; null if there are none */
    const uint8_t *tensor_pools;  /* of each input, then output: the index of the pool that its offset is in */
} tvm_ai_layout;

/* An instance of such a model. */
typedef struct {
    tvm_ai_instance instance; /* for the functions of tvm_ai.h */
    uint8_t *pools[TVM_AI_MAX_POOLS];
    const void *groups[TVM_AI_MAX_POOLS];
} tvm_ai_pooled_instance;

/*
 * Make `pooled` run `model` in `count` blocks of memory, one for each of its pools, in their order.
 *
 * Copies the constants that belong into RAM; otherwise as tvm_ai_create. A pool that holds such copies must keep them:
 * it is not to be shared with other models.
 *
 * Returns what tvm_ai_create does, and TVM_AI_ERROR_POOLS: the model is not in pools, or `count` is not their number.
 * Context: alone.
 */
tvm_ai_status tvm_ai_create_in_pools(tvm_ai_pooled_instance *pooled, const tvm_ai_model *model,
                                     const tvm_ai_memory *memory, uint32_t count);

/*
 * Let the instance read the constants of group `index` from `address`, where a flash programmer, say, has put them.
 * What tvm_ai_set_parameters is for the model's parameters, this is for the groups beside them.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL; TVM_AI_ERROR_NOT_CREATED; TVM_AI_ERROR_INDEX: there is no such group;
 * TVM_AI_ERROR_SIZE: fewer bytes than the group's; TVM_AI_ERROR_ALIGNMENT: not aligned to 4 bytes. Context: alone.
 */
tvm_ai_status tvm_ai_set_group(tvm_ai_pooled_instance *pooled, uint32_t index, const void *address, size_t size);

/*
 * Where a tensor or scratch buffer is: byte `offset` of pool `pool`. <model>.h numbers them, <model>_places lists them.
 * One that the application provides has the pool TVM_AI_NO_POOL.
 */
typedef struct {
    uint32_t pool;
    uint32_t offset;
    uint32_t size; /* bytes */
} tvm_ai_place;
#define TVM_AI_NO_POOL UINT32_MAX

#ifdef __cplusplus
}
#endif

#endif /* TVM_AI_POOLS_H */
