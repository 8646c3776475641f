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
    if (node->index + 1 == network->model->model->nodes) {
        event |= AI_OBSERVER_LAST_EVT;
    }
    (void)network->on_node(network->cookie, event, &client_node);
}

static void notify(void *cookie, tvm_ai_event event, const tvm_ai_node *node)
{
    tell(cookie, event == TVM_AI_BEFORE_NODE ? AI_OBSERVER_PRE_EVT : AI_OBSERVER_POST_EVT, node);
}

static tvm_ai_status run(tvm_ai_x_cube_ai_network *network)
{
    tvm_ai_observer observer;
    observer.notify = notify;
    observer.cookie = network;
    return tvm_ai_run_observed(&network->instance, network->model->observable, &observer);
}

/* The network that `handle` is, if it can be observed; null otherwise. */
static tvm_ai_x_cube_ai_network *find(ai_handle handle)
{
    tvm_ai_x_cube_ai_network *network = tvm_ai_x_cube_ai_networks;
    while (network != NULL && network != handle) {
        network = network->next;
    }
    return network != NULL && network->model->observable != NULL ? network : NULL;
}

ai_bool ai_platform_observer_node_info(ai_handle network, ai_observer_node *node_info)
{
    const tvm_ai_x_cube_ai_network *found = find(network);
    if (found == NULL || node_info == NULL || node_info->c_idx >= found->model->model->nodes) {
        return 0;
    }
    *node_info = told(&found->model->observable->nodes[node_info->c_idx]);
    return 1;
}

ai_bool ai_platform_observer_register(ai_handle network, ai_observer_node_cb cb, ai_handle cookie, ai_u32 flags)
{
    tvm_ai_x_cube_ai_network *found = find(network);
    if (found == NULL || cb == NULL) {
        return 0;
    }
    found->on_node = cb;
    found->cookie = cookie;
    found->events = flags;
    found->run = run;
    for (uint32_t i = 0; i < found->model->model->nodes; i++) {
        tell(found, AI_OBSERVER_INIT_EVT, &found->model->observable->nodes[i]);
    }
    return 1;
}

ai_bool ai_platform_observer_unregister(ai_handle network, ai_observer_node_cb cb, ai_handle cookie)
{
    tvm_ai_x_cube_ai_network *found = find(network);
    if (found == NULL || cb == NULL || found->on_node != cb || found->cookie != cookie) {
        return 0;
    }
    found->on_node = NULL;
    found->run = NULL;
    return 1;
}

ai_bool ai_platform_observer_register_s(ai_handle network, ai_observer_exec_ctx *ctx)
{
    if (ctx == NULL || !ai_platform_observer_register(network, ctx->on_node, ctx->cookie, ctx->flags)) {
        return 0;
    }
    ctx->flags |= AI_OBSERVER_REGISTERED;
    ctx->c_idx = 0;
    ctx->n_nodes = (ai_u16)find(network)->model->model->nodes;
    return 1;
}

ai_bool ai_platform_observer_unregister_s(ai_handle network, ai_observer_exec_ctx *ctx)
{
    if (ctx == NULL || !ai_platform_observer_unregister(network, ctx->on_node, ctx->cookie)) {
        return 0;
    }
    ctx->flags &= ~AI_OBSERVER_REGISTERED;
    return 1;
}
