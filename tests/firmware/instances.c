/* SPDX-License-Identifier: Apache-2.0 */
/* Two instances of one model, each with its own memory, used in turns as two streams of data would. */
#include "check.h"
#include "tiny.h"
#include "tiny_data.h"

static uint8_t arenas[2][TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_instance left, right;

int main(void)
{
    CHECK(tvm_ai_create(&left, &tiny_model, &(tvm_ai_memory){arenas[0], sizeof arenas[0]}) == TVM_AI_OK);
    CHECK(tvm_ai_create(&right, &tiny_model, &(tvm_ai_memory){arenas[1], sizeof arenas[1]}) == TVM_AI_OK);

    fill(&left, 1);
    fill(&right, 2);
    CHECK(tvm_ai_run(&left) == TVM_AI_OK);
    fill(&left, 3); /* the outputs of the first run are lost, those of the other instance are not */
    CHECK(tvm_ai_run(&right) == TVM_AI_OK);
    CHECK(tvm_ai_run(&left) == TVM_AI_OK);
    print_outputs("left 3", &left);
    print_outputs("right 2", &right);

    CHECK(tvm_ai_destroy(&left) == TVM_AI_OK);
    fill(&right, 4);
    CHECK(tvm_ai_run(&right) == TVM_AI_OK);
    print_outputs("right 4", &right);

    finish();
}
