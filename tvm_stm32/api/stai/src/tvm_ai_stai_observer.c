/* SPDX-License-Identifier: Apache-2.0 */
/* The callback of the ST Edge AI client interface over the observer of tvm_ai. */
#include "tvm_ai_stai.h"

static void notify(void *cookie, tvm_ai_event event, const tvm_ai_node *node)
{
    const tvm_ai_stai_context *context = cookie;
    stai_event_node_start_stop payload;
    payload.node_id = (int32_t)node->index;
    payload.type = (int32_t)node->type;
    payload.name = node->layer;
    context->callback(context->cookie, event == TVM_AI_BEFORE_NODE ? STAI_EVENT_NODE_START : STAI_EVENT_NODE_STOP,
                      &payload);
}

static tvm_ai_status run(tvm_ai_instance *instance)
{
    tvm_ai_stai_context *context = (void *)instance; /* which begins with it */
    tvm_ai_observer observer;
    observer.notify = notify;
    observer.cookie = context;
    return tvm_ai_run_observed(instance, context->observable, &observer);
}

TVM_AI_SHARED
stai_return_code tvm_ai_stai_set_callback(stai_network *network, stai_event_cb callback, void *cookie,
                                          const tvm_ai_stai_observable *observable)
{
    tvm_ai_stai_context *context = (void *)network;
    const stai_return_code code = tvm_ai_stai_check(network, observable->model);
    if (code != STAI_SUCCESS) {
        return code;
    }
    context->observable = observable->observable;
    context->callback = callback;
    context->cookie = cookie;
    context->run = callback != NULL ? run : tvm_ai_run;
    return code;
}
