/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the stai layer: what every model's functions call. Not for applications. */
#ifndef TVM_AI_STAI_H
#define TVM_AI_STAI_H

#include "../../tvm_ai.h"
#include "stai.h"
#include "stai_events.h"

/* A model; in flash. */
typedef struct {
    const tvm_ai_model *model;
    const stai_network_info *info;
} tvm_ai_stai_model;

/* Inputs, outputs, activations, weights or states of a model; in flash. */
typedef struct {
    const tvm_ai_stai_model *model;
    stai_return_code code; /* for a bad address; the next one is for a bad number */
    uint16_t count;
    uint16_t first; /* tensor of the instance, of inputs and outputs */
} tvm_ai_stai_kind;

/* What can be observed of a model; in flash. */
typedef struct {
    const tvm_ai_stai_model *model;
    const tvm_ai_observable *observable;
} tvm_ai_stai_observable;

/* What is in the bytes of a stai_network. */
typedef struct {
    tvm_ai_instance instance;
    const tvm_ai_stai_model *model; /* of an initialized context */
    uint32_t magic;                 /* marks one */
    stai_return_code error;         /* the first one since it was last asked for */
    stai_ptr weights;
    const tvm_ai_observable *observable;
    stai_event_cb callback; /* null: nobody observes */
    void *cookie;
    tvm_ai_status (*run)(tvm_ai_instance *instance); /* what runs it: it differs while somebody observes */
    stai_ptr given[TVM_AI_MAX_IO]; /* addresses of the instance's tensors, where the application has set them */
} tvm_ai_stai_context;

/* STAI_SUCCESS if `network` is an initialized context of the model. */
stai_return_code tvm_ai_stai_check(const stai_network *network, const tvm_ai_stai_model *model);

/* The functions of stai_<model>_*, with the model, or a kind of its buffers, behind: their arguments stay in place. */
stai_return_code tvm_ai_stai_init(stai_network *network, const tvm_ai_stai_model *model);
stai_return_code tvm_ai_stai_deinit(stai_network *network, const tvm_ai_stai_model *model);
stai_return_code tvm_ai_stai_run(stai_network *network, stai_run_mode mode, const tvm_ai_stai_model *model);
stai_return_code tvm_ai_stai_get_info(stai_network *network, stai_network_info *info, const tvm_ai_stai_model *model);
stai_return_code tvm_ai_stai_get_error(stai_network *network, const tvm_ai_stai_model *model);
stai_return_code tvm_ai_stai_get(stai_network *network, stai_ptr *addresses, stai_size *count,
                                 const tvm_ai_stai_kind *kind);
stai_return_code tvm_ai_stai_set(stai_network *network, const stai_ptr *addresses, stai_size count,
                                 const tvm_ai_stai_kind *kind);
stai_return_code tvm_ai_stai_set_callback(stai_network *network, stai_event_cb callback, void *cookie,
                                          const tvm_ai_stai_observable *observable);

#endif /* TVM_AI_STAI_H */
