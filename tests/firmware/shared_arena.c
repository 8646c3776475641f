/* SPDX-License-Identifier: Apache-2.0 */
/* Two models that take turns in one block of memory. */
#include "check.h"
#include "tiny.h"
#include "tiny_data.h"
#include "total.h"

#include <string.h>

#define LARGER(a, b) ((a) > (b) ? (a) : (b))

static uint8_t arena[LARGER(TINY_ACTIVATIONS_SIZE, TOTAL_ACTIVATIONS_SIZE)] TVM_AI_ALIGNED;
static tvm_ai_instance tiny, total;

/* Sum the first outputs of the other model, which lie in the same memory: so they are saved before the inputs go in. */
static int32_t sum_of_outputs(void)
{
    int8_t values[TOTAL_INPUT_0_SIZE];
    (void)memcpy(values, tvm_ai_output(&tiny, 0)->data, sizeof values);
    (void)memcpy(tvm_ai_input(&total, 0)->data, values, sizeof values);
    CHECK(tvm_ai_run(&total) == TVM_AI_OK);
    return *(const int32_t *)tvm_ai_output(&total, 0)->data;
}

int main(void)
{
    const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
    CHECK(tvm_ai_create(&tiny, &tiny_model, &memory) == TVM_AI_OK);
    CHECK(tvm_ai_create(&total, &total_model, &memory) == TVM_AI_OK);

    for (int seed = 1; seed <= 3; seed++) {
        fill(&tiny, seed);
        CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
        print_outputs("tiny", &tiny);
        print("total: %ld\n", (long)sum_of_outputs());
    }

    finish();
}
