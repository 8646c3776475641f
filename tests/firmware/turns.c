/* SPDX-License-Identifier: Apache-2.0 */
/* Models that take turns in the memory of their group. */
#include "check.h"
#include "turns.h"
#include "net_input.h"

#include <string.h>

static tvm_ai_pooled_instance net, other;

static void run(const char *title, tvm_ai_pooled_instance *model)
{
    memcpy(tvm_ai_input(&model->instance, 0)->data, net_input, sizeof net_input);
    CHECK(tvm_ai_run(&model->instance) == TVM_AI_OK);
    const int8_t *scores = tvm_ai_output(&model->instance, 0)->data;
    print("%s: %d %d %d\n", title, scores[0], scores[1], scores[2]);
}

int main(void)
{
    CHECK(tvm_ai_create_in_pools(&net, &net_model, turns_net, NET_POOLS) == TVM_AI_OK);
    CHECK(tvm_ai_create_in_pools(&other, &other_model, turns_other, OTHER_POOLS) == TVM_AI_OK);
    run("net", &net);
    run("other", &other);
    run("net", &net);
    finish();
}
