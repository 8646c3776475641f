/* SPDX-License-Identifier: Apache-2.0 */
/* An accelerator that computes a network's fully connected layer, beside runs without it. */
#include "check.h"
#include "dense_layer.h" /* WEIGHTS, FROM, TO, X_ZERO, Y_ZERO, MULTIPLIER, SHIFT */
#include "net_accelerated.h"
#include "tvm_ai_kernels.h"

#include <string.h>

static const int8_t weights[TO][FROM] = WEIGHTS;
static uint8_t arenas[2][NET_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_accelerated with;
static tvm_ai_instance without;
static int computed;

static tvm_ai_answer dense(void *context, const tvm_ai_job *job)
{
    (void)context;
    if (job->node->type != 9) { /* FULLY_CONNECTED */
        return TVM_AI_ACCELERATOR_DECLINES;
    }
    CHECK(job->inputs == 1 && job->tensors[0].info->size == FROM && job->tensors[1].info->size == TO);
    const int8_t *x = job->tensors[0].data;
    int8_t *y = job->tensors[1].data;
    for (int to = 0; to < TO; to++) {
        int32_t sum = 0;
        for (int from = 0; from < FROM; from++) {
            sum += (x[from] - X_ZERO) * weights[to][from];
        }
        y[to] = (int8_t)tvm_ai_saturate(tvm_ai_requantize(sum, MULTIPLIER, SHIFT) + Y_ZERO);
    }
    computed++;
    return TVM_AI_ACCELERATOR_DONE;
}

int main(void)
{
    const tvm_ai_accelerator accelerator = {.run = dense};
    const tvm_ai_memory memory[2] = {{arenas[0], sizeof arenas[0]}, {arenas[1], sizeof arenas[1]}};
    CHECK(tvm_ai_create_accelerated(&with, &net_accelerable, &memory[0], &accelerator) == TVM_AI_OK);
    CHECK(tvm_ai_create(&without, &net_model, &memory[1]) == TVM_AI_OK);
    for (int seed = 0; seed < 20; seed++) {
        int8_t *x = tvm_ai_input(&with.instance, 0)->data;
        for (int i = 0; i < NET_INPUT_0_SIZE; i++) {
            x[i] = (int8_t)(i * (2 * seed + 1) + 31 * seed);
        }
        (void)memcpy(tvm_ai_input(&without, 0)->data, x, NET_INPUT_0_SIZE);
        CHECK(tvm_ai_run_accelerated(&with) == TVM_AI_OK && tvm_ai_run(&without) == TVM_AI_OK);
        const int8_t *y = tvm_ai_output(&with.instance, 0)->data;
        CHECK(memcmp(y, tvm_ai_output(&without, 0)->data, NET_OUTPUT_0_SIZE) == 0);
    }
    CHECK(computed == 20);
    finish();
}
