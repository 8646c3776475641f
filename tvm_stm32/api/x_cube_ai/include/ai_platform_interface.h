/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer of the X-CUBE-AI client interface: told before and after each node of a run.
 *
 * A network is the handle that ai_<model>_create gave; each has at most one observer. Anything else as a handle is
 * refused, as is every network of a library that was generated with --observer no.
 */
#ifndef AI_PLATFORM_INTERFACE_H
#define AI_PLATFORM_INTERFACE_H

#include "ai_platform.h"

/* What is told and asked for: by | combined. FIRST and LAST come with the event of the first and last node. */
#define AI_OBSERVER_NONE_EVT 0u
#define AI_OBSERVER_INIT_EVT (1u << 0) /* once for each node, when the observer is registered */
#define AI_OBSERVER_PRE_EVT (1u << 1)
#define AI_OBSERVER_POST_EVT (1u << 2)
#define AI_OBSERVER_FIRST_EVT (1u << 8)
#define AI_OBSERVER_LAST_EVT (1u << 9)
#define AI_OBSERVER_REGISTERED (1u << 24)

/* A node. */
typedef struct ai_observer_node_s {
    ai_u16 c_idx; /* position in the run, from 0 */
    ai_u16 type;  /* operator, as TensorFlow Lite's schema numbers them (BuiltinOperator) */
    ai_u16 id;    /* position in the run, from 0 */
    ai_u16 unused;
    const char *name; /* layer's name in the model file */
} ai_observer_node;

/* `flags` are the event; what it returns is not looked at. It must not use the network. */
typedef ai_u32 (*ai_observer_node_cb)(const ai_handle cookie, const ai_u32 flags, const ai_observer_node *node);

/* An observer as one structure, for the functions that end with _s. */
typedef struct ai_observer_exec_ctx_s {
    ai_observer_node_cb on_node;
    ai_handle cookie;
    ai_u32 flags;   /* events that are asked for; AI_OBSERVER_REGISTERED is added by register, taken by unregister */
    ai_u16 c_idx;   /* set by register to 0 */
    ai_u16 n_nodes; /* set by register */
} ai_observer_exec_ctx;

AI_API_DECLARE_BEGIN

/* Fill in node_info for the node with its c_idx; false for a bad handle or where there is no such node. */
ai_bool ai_platform_observer_node_info(ai_handle network, ai_observer_node *node_info);

/* Tell `cb` of the events `flags` (PRE, POST or both, and INIT) of each run from now on; it replaces an earlier one. */
ai_bool ai_platform_observer_register(ai_handle network, ai_observer_node_cb cb, ai_handle cookie, ai_u32 flags);
ai_bool ai_platform_observer_register_s(ai_handle network, ai_observer_exec_ctx *ctx);

/* End it; false if it is not the one that is registered. */
ai_bool ai_platform_observer_unregister(ai_handle network, ai_observer_node_cb cb, ai_handle cookie);
ai_bool ai_platform_observer_unregister_s(ai_handle network, ai_observer_exec_ctx *ctx);

AI_API_DECLARE_END

#endif /* AI_PLATFORM_INTERFACE_H */
