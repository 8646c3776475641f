/* SPDX-License-Identifier: Apache-2.0 */
/* A run in an interrupt handler, while the main program runs another instance of the same model. */
#include "check.h"
#include "tiny.h"
#include "tiny_data.h"

#include <string.h>

#define SYSTICK ((volatile uint32_t *)0xE000E010u) /* control, reload, current value */

static uint8_t arenas[2][TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_instance slow, fast;
static int8_t expected[TINY_OUTPUT_0_SIZE];
static volatile int interrupts, wrong;

void SysTick_Handler(void);

void SysTick_Handler(void)
{
    fill(&fast, 2);
    if (tvm_ai_run(&fast) != TVM_AI_OK || memcmp(tvm_ai_output(&fast, 0)->data, expected, sizeof expected) != 0) {
        wrong++;
    }
    interrupts++;
}

int main(void)
{
    CHECK(tvm_ai_create(&slow, &tiny_model, &(tvm_ai_memory){arenas[0], sizeof arenas[0]}) == TVM_AI_OK);
    CHECK(tvm_ai_create(&fast, &tiny_model, &(tvm_ai_memory){arenas[1], sizeof arenas[1]}) == TVM_AI_OK);
    fill(&fast, 2);
    CHECK(tvm_ai_run(&fast) == TVM_AI_OK);
    (void)memcpy(expected, tvm_ai_output(&fast, 0)->data, sizeof expected);
    print_outputs("interrupt", &fast);

    fill(&slow, 1);
    CHECK(tvm_ai_run(&slow) == TVM_AI_OK);
    print_outputs("main", &slow);
    int8_t mine[TINY_OUTPUT_0_SIZE];
    (void)memcpy(mine, tvm_ai_output(&slow, 0)->data, sizeof mine);

    SYSTICK[1] = 5000;
    SYSTICK[0] = 7; /* count the core's clock, interrupt, go */
    while (interrupts < 100) {
        fill(&slow, 1);
        if (tvm_ai_run(&slow) != TVM_AI_OK || memcmp(tvm_ai_output(&slow, 0)->data, mine, sizeof mine) != 0) {
            wrong++;
        }
    }
    SYSTICK[0] = 0;
    CHECK(wrong == 0);

    finish();
}
