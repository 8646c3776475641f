/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs and outputs in buffers of the application: by the model's settings, or by pointing an instance elsewhere. */
#include "check.h"
#include "outside.h"
#include "tiny.h"
#include "tiny_data.h"

#include <string.h>

static uint8_t arena[TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static int8_t x[2][OUTSIDE_INPUT_0_SIZE];
static int8_t side[OUTSIDE_INPUT_1_SIZE];
static int8_t sums[OUTSIDE_OUTPUT_0_SIZE];
static float real[OUTSIDE_OUTPUT_1_SIZE / sizeof(float)];
static const int8_t constant[OUTSIDE_INPUT_1_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};

static void generated_for_the_application(void)
{
    tvm_ai_instance outside;
    CHECK(tvm_ai_create(&outside, &outside_model, &(tvm_ai_memory){arena, sizeof arena}) == TVM_AI_OK);

    /* Nothing has data yet; run says so until everything has. */
    void *buffers[] = {x[0], side, sums, real};
    tvm_ai_tensor *tensors[] = {
        tvm_ai_input(&outside, 0),
        tvm_ai_input(&outside, 1),
        tvm_ai_output(&outside, 0),
        tvm_ai_output(&outside, 1),
    };
    for (int i = 0; i < 4; i++) {
        CHECK(tensors[i]->data == NULL);
        CHECK(tensors[i]->info->offset == TVM_AI_NO_OFFSET);
        CHECK(tvm_ai_run(&outside) == TVM_AI_ERROR_NO_DATA);
        CHECK(tvm_ai_error(&outside) == TVM_AI_ERROR_NO_DATA);
        tensors[i]->data = buffers[i];
    }
    fill(&outside, 1);
    CHECK(tvm_ai_run(&outside) == TVM_AI_OK);
    print_outputs("outside 1", &outside);

    /* The inputs are only read: the next run needs no filling. */
    (void)memset(sums, 0, sizeof sums);
    CHECK(tvm_ai_run(&outside) == TVM_AI_OK);
    print_outputs("outside 1 again", &outside);

    /* Two buffers for one input, as a driver that fills one while the other is used. */
    tensors[0]->data = x[1];
    fill(&outside, 2);
    CHECK(tvm_ai_run(&outside) == TVM_AI_OK);
    print_outputs("outside 2", &outside);

    /* A buffer taken away. */
    tensors[2]->data = NULL;
    CHECK(tvm_ai_run(&outside) == TVM_AI_ERROR_NO_DATA);
}

static void generated_for_the_arena(void)
{
    tvm_ai_instance tiny;
    CHECK(tvm_ai_create(&tiny, &tiny_model, &(tvm_ai_memory){arena, sizeof arena}) == TVM_AI_OK);
    for (uint32_t i = 0; i < tvm_ai_inputs(&tiny); i++) {
        tvm_ai_tensor *input = tvm_ai_input(&tiny, i);
        CHECK(input->data == arena + input->info->offset);
    }

    /* One output straight into a buffer of the application. */
    tvm_ai_output(&tiny, 0)->data = sums;
    (void)memset(sums, 0, sizeof sums);
    fill(&tiny, 3);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    CHECK(tvm_ai_output(&tiny, 0)->data == sums);
    print_outputs("tiny 3", &tiny);

    /* An input straight from flash. */
    fill(&tiny, 4);
    tvm_ai_input(&tiny, 1)->data = (void *)(uintptr_t)constant;
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    print_outputs("tiny 4 constant", &tiny);
}

int main(void)
{
    generated_for_the_application();
    generated_for_the_arena();
    finish();
}
