/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handwritten digits with weights in SRAM: a DMA controller copies them there while the application goes on. Each
 * answer is compared with that of a second instance, which reads its weights in flash.
 */
#include <stdbool.h>
#include <string.h>

#include "digits_accelerated.h"
#include "pl081.h"
#include "semihosting.h"

#define DMA_REGISTERS ((volatile uint32_t *)0x50110000u)
#define DMA_INTERRUPT 58 /* any event of the first controller */
#define NVIC_ENABLE ((volatile uint32_t *)0xE000E100u)

static digits_parameters copy; /* in SRAM */
static pl081 dma = {.registers = DMA_REGISTERS, .copy = &copy, .room = sizeof copy};
static const tvm_ai_accelerator accelerator = PL081_ACCELERATOR(&dma);

static uint8_t arenas[2][DIGITS_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_accelerated fast;
static tvm_ai_instance slow;
static volatile unsigned interrupts;

void DMA_Handler(void);

void DMA_Handler(void)
{
    interrupts++;
    pl081_interrupt(&dma);
}

static void say(const char *text, bool holds)
{
    semihosting_print(text);
    semihosting_print(holds ? ": yes\n" : ": no\n");
}

static bool copied(void)
{
    return memcmp(&copy, &digits_weights, sizeof copy) == 0;
}

static void fill(tvm_ai_instance *instance, unsigned picture)
{
    float *pixels = tvm_ai_input(instance, 0)->data;
    for (unsigned i = 0; i < DIGITS_INPUT_0_SIZE / sizeof *pixels; i++) {
        pixels[i] = (float)((i * (picture + 3)) % 17) / 16.0f;
    }
}

/* Whether both instances give the same bytes for some pictures. */
static bool equal(void)
{
    for (unsigned picture = 0; picture < 20; picture++) {
        fill(&fast.instance, picture);
        fill(&slow, picture);
        if (tvm_ai_run_accelerated(&fast) != TVM_AI_OK || tvm_ai_run(&slow) != TVM_AI_OK ||
            memcmp(tvm_ai_output(&fast.instance, 0)->data, tvm_ai_output(&slow, 0)->data, DIGITS_OUTPUT_0_SIZE) != 0) {
            return false;
        }
    }
    return true;
}

static void create(void)
{
    memset(&copy, 0, sizeof copy);
    const tvm_ai_memory memory = {.activations = arenas[0], .size = sizeof arenas[0]};
    if (tvm_ai_create_accelerated(&fast, &digits_accelerable, &memory, &accelerator) != TVM_AI_OK) {
        semihosting_exit(2);
    }
}

int main(void)
{
    const tvm_ai_memory memory = {.activations = arenas[1], .size = sizeof arenas[1]};
    if (tvm_ai_create(&slow, &digits_model, &memory) != TVM_AI_OK) {
        semihosting_exit(2);
    }

    create();
    say("copied when create returns", copied());
    NVIC_ENABLE[DMA_INTERRUPT / 32] = 1u << DMA_INTERRUPT % 32;
    for (unsigned turn = 0; !copied() && turn < 1000000; turn++) { /* what else an application has to do */
    }
    say("copied by interrupts while the application goes on", copied());
    say("more than one block", interrupts > 1);
    say("the same answers from SRAM", equal());
    say("from the copy", tvm_ai_parameters(&fast.instance) == &copy);
    tvm_ai_destroy_accelerated(&fast);

    NVIC_ENABLE[32 + DMA_INTERRUPT / 32] = 1u << DMA_INTERRUPT % 32; /* disables it */
    interrupts = 0;
    create();
    say("copied when create returns without interrupts", copied());
    say("the same answers after a run has waited", equal());
    say("from the copy", tvm_ai_parameters(&fast.instance) == &copy && interrupts == 0);
    tvm_ai_destroy_accelerated(&fast);

    dma.room = sizeof copy - 1;
    create();
    say("the same answers without room for a copy", equal());
    say("from flash", tvm_ai_parameters(&fast.instance) == &digits_weights);
    tvm_ai_destroy_accelerated(&fast);

    semihosting_exit(0);
    return 0;
}
