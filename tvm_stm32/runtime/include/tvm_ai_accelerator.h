/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs with an accelerator: hardware beside the core that computes some operators of a model, or that brings its
 * weights to faster memory while the application goes on. For models compiled with --accelerator yes; <model>.h and
 * tvm_ai.h are the same for them, and whoever uses those alone pays nothing.
 *
 * An accelerator is a table of functions, which its driver provides:
 *
 *     static const tvm_ai_accelerator npu = {.open = npu_open, .ready = npu_ready, .run = npu_run, .close = npu_close,
 *                                            .context = &state};
 *     static tvm_ai_accelerated kws;
 *
 *     tvm_ai_create_accelerated(&kws, &kws_accelerable, &memory, &npu);
 *     ... the application goes on while the accelerator prepares itself ...
 *     memcpy(tvm_ai_input(&kws.instance, 0)->data, features, KWS_INPUT_0_SIZE);
 *     tvm_ai_run_accelerated(&kws);
 *     const int8_t *scores = tvm_ai_output(&kws.instance, 0)->data;
 *
 * The functions of tvm_ai.h, but for create, set_parameters and destroy, may be used on its `instance`. tvm_ai_run
 * there is a run without the accelerator: always right, also while it prepares itself, and after it has failed.
 */
#ifndef TVM_AI_ACCELERATOR_H
#define TVM_AI_ACCELERATOR_H

#include "tvm_ai.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an accelerator's functions have to say. */
typedef enum {
    TVM_AI_ACCELERATOR_DONE = 0,     /* open: open, or on the way to it; ready: ready; run: the outputs are written */
    TVM_AI_ACCELERATOR_BUSY = 1,     /* ready: not yet */
    TVM_AI_ACCELERATOR_DECLINES = 2, /* open: do without it; run: the portable kernel is to compute this node */
    TVM_AI_ACCELERATOR_FAILED = 3,   /* any: it does not work */
    TVM_AI_ANSWER_IS_32_BITS = INT32_MAX
} tvm_ai_answer;

/* A node of a run that is offered to an accelerator. */
typedef struct {
    const tvm_ai_node *node;
    const tvm_ai_tensor *tensors; /* what it reads, then what it writes: addresses in this run, types and shapes */
    uint32_t inputs;              /* number of those it reads; constants are no tensors */
    uint32_t outputs;             /* number of those it writes, apart in memory from those it reads */
    const void *parameters;       /* the model's, <model>_parameters of <model>.h, where they are now */
} tvm_ai_job;

/* An accelerator. Functions that it has no use for are null. */
typedef struct {
    /*
     * Called by create. May start a transfer of its programming, or of the model's parameters, and returns at once.
     * Where it copies the parameters it sets `*parameters` to where they will be, aligned to 4 bytes: portable kernels
     * read them there once it is ready. DONE, DECLINES or FAILED.
     */
    tvm_ai_answer (*open)(void *context, const tvm_ai_model *model, const void **parameters);
    /*
     * Called by a run, over and over while it is BUSY, until it has once been DONE. It may sleep until an interrupt. It
     * is its part to notice that an end will never come, and to say FAILED.
     */
    tvm_ai_answer (*ready)(void *context);
    /* Compute a node that it claims, and return when that is done. DONE, DECLINES or FAILED. */
    tvm_ai_answer (*run)(void *context, const tvm_ai_job *job);
    /* Called by destroy, also while it is BUSY: after it, nothing is written to memory any more. */
    void (*close)(void *context);
    void *context; /* the functions get it */
} tvm_ai_accelerator;

/* A model's nodes, and its run with an accelerator; in flash. Made by the compiler (--accelerator yes) only. */
typedef struct {
    const tvm_ai_model *model;
    const tvm_ai_node *nodes; /* model->nodes of them, in the order they run */
    tvm_ai_answer (*run)(const tvm_ai_instance *instance, const tvm_ai_accelerator *accelerator);
} tvm_ai_accelerable;

/* A model bound to memory and to an accelerator. Like an instance it must be static, or zeros before create. */
typedef struct {
    tvm_ai_instance instance; /* for the functions of tvm_ai.h */
    const tvm_ai_accelerable *accelerable;
    const tvm_ai_accelerator *accelerator; /* null if it declined */
    const void *parameters;                /* where the accelerator puts them; null if it does not */
    uint32_t ready;                        /* whether it has been ready */
} tvm_ai_accelerated;

/*
 * Make `accelerated` run the model of `accelerable` in `memory`, as tvm_ai_create does, and open the accelerator for
 * it. Does not wait for what open started. The table `accelerator` is needed until destroy. One that lives is destroyed
 * first, whatever comes of the new one. If the accelerator declines, runs are those of tvm_ai_run.
 *
 * Returns what tvm_ai_create does; TVM_AI_ERROR_NULL also for a null accelerable or accelerator;
 * TVM_AI_ERROR_ACCELERATOR: open failed. On any error it does not live, and the accelerator is not open.
 * Context: alone; open is called from here.
 */
tvm_ai_status tvm_ai_create_accelerated(tvm_ai_accelerated *accelerated, const tvm_ai_accelerable *accelerable,
                                        const tvm_ai_memory *memory, const tvm_ai_accelerator *accelerator);

/*
 * Run the model once, as tvm_ai_run does: wait until the accelerator is ready, then offer it node by node, and compute
 * those that it declines.
 *
 * Returns what tvm_ai_run does; TVM_AI_ERROR_ALIGNMENT also for parameters that the accelerator put to an odd place;
 * TVM_AI_ERROR_ACCELERATOR: ready failed, and nothing was run or written, or run failed, and the outputs are void.
 * A later run asks ready or run again.
 * Context: alone; ready and run are called from here.
 */
tvm_ai_status tvm_ai_run_accelerated(tvm_ai_accelerated *accelerated);

/*
 * Close the accelerator, and end the instance.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL; TVM_AI_ERROR_NOT_CREATED (also on a second destroy).
 * Context: alone; close is called from here.
 */
tvm_ai_status tvm_ai_destroy_accelerated(tvm_ai_accelerated *accelerated);

#ifdef __cplusplus
}
#endif

#endif /* TVM_AI_ACCELERATOR_H */
