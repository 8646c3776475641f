/* SPDX-License-Identifier: Apache-2.0 */
/* A run told node by node, and weights in other memory than the library's. */
#include "check.h"
#include "tiny.h"
#include "tiny_data.h"
#include "tiny_observed.h"
#include "total.h"
#include "total_observed.h"

#include <string.h>

static uint8_t arena[TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static uint8_t weights[TINY_PARAMETERS_SIZE + 4] TVM_AI_ALIGNED;
static tvm_ai_instance tiny;

static void notify(void *cookie, tvm_ai_event event, const tvm_ai_node *node)
{
    ++*(int *)cookie;
    print("%s %u: %s \"%s\" by %s, type %u, %lu MACs\n", event == TVM_AI_BEFORE_NODE ? "before" : "after",
          (unsigned)node->index, node->operation, node->layer, node->kernel, (unsigned)node->type,
          (unsigned long)node->macs);
}

static void observed(void)
{
    int told = 0;
    const tvm_ai_observer observer = {.notify = notify, .cookie = &told};
    const tvm_ai_observer nobody = {.notify = NULL, .cookie = &told};
    fill(&tiny, 1);
    CHECK(tvm_ai_run_observed(&tiny, &tiny_observable, &observer) == TVM_AI_OK);
    CHECK(told == 2 * TINY_NODES);
    print_outputs("observed", &tiny);
    CHECK(tiny_observable.nodes[TINY_NODES - 1].index == TINY_NODES - 1);

    /* Nothing runs, and nobody is told. */
    CHECK(tvm_ai_run_observed(NULL, &tiny_observable, &observer) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_run_observed(&tiny, NULL, &observer) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_run_observed(&tiny, &tiny_observable, NULL) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_run_observed(&tiny, &tiny_observable, &nobody) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_run_observed(&tiny, &total_observable, &observer) == TVM_AI_ERROR_MODEL);
    CHECK(tvm_ai_error(&tiny) == TVM_AI_ERROR_MODEL);
    print("model: %s\n", tvm_ai_status_text(TVM_AI_ERROR_MODEL));
    tvm_ai_tensor *real = tvm_ai_output(&tiny, 1);
    uint8_t *right = real->data;
    real->data = right + 2;
    CHECK(tvm_ai_run_observed(&tiny, &tiny_observable, &observer) == TVM_AI_ERROR_ALIGNMENT);
    real->data = right;
    CHECK(told == 2 * TINY_NODES);
}

static void weights_elsewhere(void)
{
    (void)memcpy(weights, &tiny_weights, sizeof tiny_weights);
    CHECK(tvm_ai_set_parameters(&tiny, weights, TINY_PARAMETERS_SIZE) == TVM_AI_OK);
    CHECK(tvm_ai_parameters(&tiny) == weights);
    fill(&tiny, 2);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    print_outputs("copied weights", &tiny);

    /* On an error they stay where they are. */
    CHECK(tvm_ai_set_parameters(NULL, weights, sizeof weights) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_set_parameters(&tiny, NULL, sizeof weights) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_set_parameters(&tiny, weights, TINY_PARAMETERS_SIZE - 1) == TVM_AI_ERROR_SIZE);
    CHECK(tvm_ai_set_parameters(&tiny, weights + 2, TINY_PARAMETERS_SIZE) == TVM_AI_ERROR_ALIGNMENT);
    CHECK(tvm_ai_parameters(&tiny) == weights);

    /* Until the instance is created again. */
    CHECK(tvm_ai_create(&tiny, &tiny_model, &(tvm_ai_memory){arena, sizeof arena}) == TVM_AI_OK);
    CHECK(tvm_ai_parameters(&tiny) == &tiny_weights);
    CHECK(tvm_ai_destroy(&tiny) == TVM_AI_OK);
    CHECK(tvm_ai_set_parameters(&tiny, weights, sizeof weights) == TVM_AI_ERROR_NOT_CREATED);
}

int main(void)
{
    CHECK(tvm_ai_create(&tiny, &tiny_model, &(tvm_ai_memory){arena, sizeof arena}) == TVM_AI_OK);
    observed();
    weights_elsewhere();
    finish();
}
