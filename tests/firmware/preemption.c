/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models in two execution contexts. The main program runs one instance over and over; SysTick interrupts it at odd
 * moments, and its handler makes, runs and ends an instance of the same model, and one of a model that computes in
 * float. FPU_STATE is how the core keeps the FPU's registers meanwhile; where it does not, that must not go unnoticed.
 */
#include "check.h"
#include "level.h"
#include "wake.h"

#include <string.h>

#define SYSTICK ((volatile uint32_t *)0xE000E010u) /* control, reload, current value */
#define FPCCR (*(volatile uint32_t *)0xE000EF34u)  /* floating-point context control */
#define KEEP_STATE 0x80000000u                     /* make room for the FPU's registers on exception entry, */
#define LAZILY 0x40000000u                         /* and store them only if the handler uses the FPU */

#define WANTED 150   /* interrupts in the middle of a run */
#define MOST_RUNS 20000 /* within so many runs */

static uint8_t arenas[3][WAKE_ACTIVATIONS_SIZE] TVM_AI_ALIGNED, level_arena[LEVEL_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_instance mine;
static int8_t expected[2][WAKE_OUTPUT_0_SIZE];
static float expected_level[LEVEL_OUTPUT_0_SIZE / sizeof(float)];
static volatile int running, interrupts, in_runs, with_fpu_state, wrong;
static uint32_t places[2]; /* bits: hashes of where a run was interrupted */

/* Values that differ from one `seed` to the next. */
static void fill_wake(tvm_ai_instance *instance, int seed)
{
    int8_t *x = tvm_ai_input(instance, 0)->data;
    for (int i = 0; i < WAKE_INPUT_0_SIZE; i++) {
        x[i] = (int8_t)(i * 37 + seed * 101);
    }
}

static int run_wake(uint8_t *arena, int seed, int8_t *y)
{
    static tvm_ai_instance instance; /* of the handler, and before there are interrupts of main */
    if (tvm_ai_create(&instance, &wake_model, &(tvm_ai_memory){arena, sizeof arenas[0]}) != TVM_AI_OK) {
        return 0;
    }
    fill_wake(&instance, seed);
    int done = tvm_ai_run(&instance) == TVM_AI_OK && tvm_ai_error(&instance) == TVM_AI_OK;
    (void)memcpy(y, tvm_ai_output(&instance, 0)->data, WAKE_OUTPUT_0_SIZE);
    return tvm_ai_destroy(&instance) == TVM_AI_OK && done;
}

static int run_level(float *y)
{
    static tvm_ai_instance instance;
    if (tvm_ai_create(&instance, &level_model, &(tvm_ai_memory){level_arena, sizeof level_arena}) != TVM_AI_OK) {
        return 0;
    }
    float *x = tvm_ai_input(&instance, 0)->data;
    for (int i = 0; i < (int)(LEVEL_INPUT_0_SIZE / sizeof(float)); i++) {
        x[i] = (float)(i % 7) - 2.5f;
    }
    int done = tvm_ai_run(&instance) == TVM_AI_OK;
    (void)memcpy(y, tvm_ai_output(&instance, 0)->data, LEVEL_OUTPUT_0_SIZE);
    return tvm_ai_destroy(&instance) == TVM_AI_OK && done;
}

/* Next interrupt in as many cycles as the last digits of a random number say. */
static void arm(void)
{
    static uint32_t random = 1;
    random = random * 1664525u + 1013904223u;
    SYSTICK[1] = 2000 + (random >> 16) % 30000;
    SYSTICK[2] = 0;
    SYSTICK[0] = 7; /* count the core's clock, interrupt, go */
}

void interrupted(const uint32_t *frame, uint32_t exc_return);

void interrupted(const uint32_t *frame, uint32_t exc_return)
{
    SYSTICK[0] = 0;
    interrupts++;
    if (running) {
        in_runs++;
        with_fpu_state += (exc_return & 0x10u) == 0;
        uint32_t hash = frame[6] * 2654435761u; /* of the address to return to */
        places[hash >> 31] |= 1u << ((hash >> 26) & 31u);
    }
    int8_t y[WAKE_OUTPUT_0_SIZE];
    float level[LEVEL_OUTPUT_0_SIZE / sizeof(float)];
    if (!run_wake(arenas[1], 2, y) || memcmp(y, expected[1], sizeof y) != 0) {
        wrong++;
    }
    if (!run_level(level) || memcmp(level, expected_level, sizeof level) != 0) {
        wrong++;
    }
    arm();
}

void SysTick_Handler(void);

/* Main is the one stack's user, so the frame is where the stack pointer points. */
__attribute__((naked)) void SysTick_Handler(void)
{
    __asm__ volatile("mov r0, sp\n"
                     "mov r1, lr\n"
                     "b interrupted\n");
}

int main(void)
{
    CHECK((FPCCR & (KEEP_STATE | LAZILY)) == (KEEP_STATE | LAZILY)); /* as the core comes out of reset */
    FPCCR = (FPCCR & ~(KEEP_STATE | LAZILY)) | (FPU_STATE);
    CHECK(run_wake(arenas[0], 1, expected[0]));
    CHECK(run_wake(arenas[1], 2, expected[1]));
    CHECK(run_level(expected_level));
    for (int of = 0; of < 2; of++) {
        for (int i = 0; i < WAKE_OUTPUT_0_SIZE; i++) {
            print("%d%s", expected[of][i], i + 1 < WAKE_OUTPUT_0_SIZE ? " " : "\n");
        }
    }

    tvm_ai_report report;
    arm();
    for (int runs = 0; runs < MOST_RUNS && in_runs < WANTED && wrong == 0; runs++) {
        /* also the other calls, on an instance in changing memory */
        uint8_t *arena = arenas[runs % 2 == 0 ? 0 : 2];
        wrong += tvm_ai_create(&mine, &wake_model, &(tvm_ai_memory){arena, sizeof arenas[0]}) != TVM_AI_OK;
        fill_wake(&mine, 1);
        running = 1;
        tvm_ai_status status = tvm_ai_run(&mine);
        running = 0;
        wrong += status != TVM_AI_OK || memcmp(tvm_ai_output(&mine, 0)->data, expected[0], sizeof expected[0]) != 0;
        wrong += tvm_ai_get_report(&mine, &report) != TVM_AI_OK || report.nodes != WAKE_NODES;
        wrong += tvm_ai_destroy(&mine) != TVM_AI_OK;
    }
    SYSTICK[0] = 0;

    CHECK(wrong == 0);
    CHECK(in_runs >= WANTED);
    CHECK(with_fpu_state >= WANTED / 2);
    int different = 0;
    for (int bit = 0; bit < 64; bit++) {
        different += (int)((places[bit / 32] >> (bit % 32)) & 1u);
    }
    CHECK(different >= 8);

    finish();
}
