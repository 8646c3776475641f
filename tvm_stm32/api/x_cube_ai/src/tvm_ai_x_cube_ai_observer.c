/* SPDX-License-Identifier: Apache-2.0 */
/* The observer of ai_platform_interface.h over that of tvm_ai. */
#include "tvm_ai_x_cube_ai.h"

/* `node` in the client's words. */
static ai_observer_node told(const tvm_ai_node *node)
{
    ai_observer_node result;
    result.c_idx = (ai_u16)node->index;
    result.type = (ai_u16)node->type;
    result.id = (ai_u16)node->index;
    result.unused = 0;
    result.name = node->layer;
    return result;
}

/* The client's observer is told, if it has asked for `event`. */
static void tell(const tvm_ai_x_cube_ai_network *network, ai_u32 event, const tvm_ai_node *node)
{
    const ai_observer_node client_node = told(node);
    if ((network->events & event) == 0) {
        return;
    }
    if (node->index == 0) {
        event |= AI_OBSERVER_FIRST_EVT;
    }
    if (node->index + 1 == network->observable->model->nodes) {
        event |= AI_OBSERVER_LAST_EVT;
    }
    (void)network->on_node(network->cookie, event, &client_node);
}

static void notify(void *cookie, tvm_ai_event event, const tvm_ai_node *node)
{
    tell(cookie, event == TVM_AI_BEFORE_NODE ? AI_OBSERVER_PRE_EVT : AI_OBSERVER_POST_EVT, node);
}

static tvm_ai_status run(tvm_ai_instance *instance)
{
    tvm_ai_x_cube_ai_network *network = (void *)instance; /* which begins with it */
    tvm_ai_observer observer;
    observer.notify = notify;
    observer.cookie = network;
    return tvm_ai_run_observed(instance, network->observable, &observer);
}

/* The linker's: first and behind the last of the addresses. Null in a program without such networks. */
extern const tvm_ai_x_cube_ai_observable *const __start_tvm_ai_x_cube_ai_observables[] __attribute__((weak));
extern const tvm_ai_x_cube_ai_observable *const __stop_tvm_ai_x_cube_ai_observables[] __attribute__((weak));

/* What can be observed of the network that `handle` is, or null: a handle may be any bits. */
static const tvm_ai_x_cube_ai_observable *find(ai_handle handle)
{
    const tvm_ai_x_cube_ai_observable *const *end = __stop_tvm_ai_x_cube_ai_observables;
    for (const tvm_ai_x_cube_ai_observable *const *it = __start_tvm_ai_x_cube_ai_observables; it != end; it++) {
        if ((*it)->network == handle && (*it)->network->model != NULL) {
            return *it;
        }
    }
    return NULL;
}

TVM_AI_SHARED
ai_bool ai_platform_observer_node_info(ai_handle network, ai_observer_node *node_info)
{
    const tvm_ai_x_cube_ai_observable *found = find(network);
    if (found == NULL || node_info == NULL || node_info->c_idx >= found->observable->model->nodes) {
        return 0;
    }
    *node_info = told(&found->observable->nodes[node_info->c_idx]);
    return 1;
}

TVM_AI_SHARED
ai_bool ai_platform_observer_register(ai_handle network, ai_observer_node_cb cb, ai_handle cookie, ai_u32 flags)
{
    const tvm_ai_x_cube_ai_observable *found = find(network);
    if (found == NULL || cb == NULL) {
        return 0;
    }
    tvm_ai_x_cube_ai_network *observed = found->network;
    observed->on_node = cb;
    observed->cookie = cookie;
    observed->events = flags;
    observed->observable = found->observable;
    observed->run = run;
    for (uint32_t i = 0; i < found->observable->model->nodes; i++) {
        tell(observed, AI_OBSERVER_INIT_EVT, &found->observable->nodes[i]);
    }
    return 1;
}

TVM_AI_SHARED
ai_bool ai_platform_observer_unregister(ai_handle network, ai_observer_node_cb cb, ai_handle cookie)
{
    const tvm_ai_x_cube_ai_observable *found = find(network);
    if (found == NULL || cb == NULL || found->network->on_node != cb || found->network->cookie != cookie) {
        return 0;
    }
    found->network->on_node = NULL;
    found->network->run = tvm_ai_run;
    return 1;
}

TVM_AI_SHARED
ai_bool ai_platform_observer_register_s(ai_handle network, ai_observer_exec_ctx *ctx)
{
    if (ctx == NULL || !ai_platform_observer_register(network, ctx->on_node, ctx->cookie, ctx->flags)) {
        return 0;
    }
    ctx->flags |= AI_OBSERVER_REGISTERED;
    ctx->c_idx = 0;
    ctx->n_nodes = (ai_u16)find(network)->observable->model->nodes;
    return 1;
}

TVM_AI_SHARED
ai_bool ai_platform_observer_unregister_s(ai_handle network, ai_observer_exec_ctx *ctx)
{
    if (ctx == NULL || !ai_platform_observer_unregister(network, ctx->on_node, ctx->cookie)) {
        return 0;
    }
    ctx->flags &= ~AI_OBSERVER_REGISTERED;
    return 1;
}
