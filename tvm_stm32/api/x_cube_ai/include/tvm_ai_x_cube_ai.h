/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the x-cube-ai layer: what every model's functions call. Not for applications. */
#ifndef TVM_AI_X_CUBE_AI_H
#define TVM_AI_X_CUBE_AI_H

#include "../../tvm_ai.h"
#include "ai_platform.h"
#include "ai_platform_interface.h"

struct tvm_ai_x_cube_ai_network;

/* A model; in flash. */
typedef struct {
    const tvm_ai_model *model;
    struct tvm_ai_x_cube_ai_network *network;
    ai_buffer *buffers;           /* of inputs, then of outputs; in RAM */
    ai_buffer *maps;              /* of weights, of activations; in RAM */
    ai_handle *weights_table;     /* one address, between markers */
    ai_handle *activations_table; /* likewise */
    const ai_network_report *report;
} tvm_ai_x_cube_ai_model;

/* Inputs or outputs of a model; in flash. */
typedef struct {
    const tvm_ai_x_cube_ai_model *model;
    ai_buffer *buffers;
    ai_u32 number;
} tvm_ai_x_cube_ai_side;

/* The only instance of a model, which a handle points to; zeros at first. */
typedef struct tvm_ai_x_cube_ai_network {
    tvm_ai_instance instance;
    const tvm_ai_x_cube_ai_model *model;   /* null: not created */
    ai_u32 error;                          /* type and code of the first one since it was last read */
    tvm_ai_status (*run)(tvm_ai_instance *instance); /* what runs it: it differs while somebody observes */
    /* Of what, and who. */
    const tvm_ai_observable *observable;
    ai_observer_node_cb on_node;
    ai_handle cookie;
    ai_u32 events;
} tvm_ai_x_cube_ai_network;

/* A network that can be observed; in flash. */
typedef struct {
    tvm_ai_x_cube_ai_network *network;
    const tvm_ai_observable *observable;
} tvm_ai_x_cube_ai_observable;

/* Lets the observer find it: the linker gathers the addresses of all, and drops them where nobody observes. */
#define TVM_AI_X_CUBE_AI_OBSERVABLE(entry) \
    __attribute__((section("tvm_ai_x_cube_ai_observables"), used)) \
    static const tvm_ai_x_cube_ai_observable *const listed = &(entry)

/* The functions of ai_<model>_*, with the model behind: their arguments stay in place. */
ai_error tvm_ai_x_cube_ai_create(ai_handle *handle, const ai_buffer *config, const tvm_ai_x_cube_ai_model *model);
ai_error tvm_ai_x_cube_ai_create_and_init(ai_handle *handle, const ai_handle activations[], const ai_handle weights[],
                                          const tvm_ai_x_cube_ai_model *model);
ai_bool tvm_ai_x_cube_ai_init(ai_handle handle, const ai_network_params *params, const tvm_ai_x_cube_ai_model *model);
ai_handle tvm_ai_x_cube_ai_destroy(ai_handle handle, const tvm_ai_x_cube_ai_model *model);
ai_error tvm_ai_x_cube_ai_get_error(ai_handle handle, const tvm_ai_x_cube_ai_model *model);
ai_bool tvm_ai_x_cube_ai_get_info(ai_handle handle, ai_network_report *report, const tvm_ai_x_cube_ai_model *model);
ai_bool tvm_ai_x_cube_ai_params_get(ai_network_params *params, const tvm_ai_x_cube_ai_model *model);
ai_buffer *tvm_ai_x_cube_ai_buffers_get(ai_handle handle, ai_u16 *count, const tvm_ai_x_cube_ai_side *side);
ai_i32 tvm_ai_x_cube_ai_run(ai_handle handle, const ai_buffer *inputs, const ai_buffer *outputs,
                            const tvm_ai_x_cube_ai_model *model);

#endif /* TVM_AI_X_CUBE_AI_H */
