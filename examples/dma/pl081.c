/* SPDX-License-Identifier: Apache-2.0 */
/* See pl081.h. Registers and bits are those of Arm's PrimeCell Single Master DMA Controller (PL081), channel 0. */
#include "pl081.h"

/* Word offsets. */
enum {
    TERMINAL_COUNT = 0x004 / 4,
    TERMINAL_COUNT_CLEAR = 0x008 / 4,
    ERROR = 0x00C / 4,
    ERROR_CLEAR = 0x010 / 4,
    CONFIGURATION = 0x030 / 4,
    SOURCE = 0x100 / 4,
    DESTINATION = 0x104 / 4,
    LINKED_LIST = 0x108 / 4,
    CHANNEL_CONTROL = 0x10C / 4,
    CHANNEL_CONFIGURATION = 0x110 / 4
};

#define ENABLE 1u
#define CHANNEL_0 1u
/* channel control: words on both sides, both addresses count up, an interrupt at the end; the low bits are the count */
#define COPY_WORDS (2u << 18 | 2u << 21 | 1u << 26 | 1u << 27 | 1u << 31)
/* channel configuration: memory to memory, with interrupts for errors and for the end */
#define COPY_MEMORY (1u << 14 | 1u << 15 | ENABLE)
#define ACTIVE (1u << 17)

/* Words of a block: the register could count to 4095, but others want the bus too. */
#define BLOCK 256u
/* How often a run asks before a block that does not end counts as lost. */
#define PATIENCE 1000000u

enum { IDLE, COPYING, COPIED, BROKEN };

/* Nobody starts a block in between: not the interrupt while a run waits, nor the other way round. */
static uint32_t mask_interrupts(void)
{
    uint32_t masked;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
    return masked;
}

static void restore_interrupts(uint32_t masked)
{
    __asm__ volatile("msr primask, %0" ::"r"(masked) : "memory");
}

static void start_block(pl081 *dma)
{
    const uint32_t count = dma->left < BLOCK ? (uint32_t)dma->left : BLOCK;
    __asm__ volatile("dsb" ::: "memory"); /* what the core has written there is written first */
    const uint32_t *const from = dma->from;
    uint32_t *const to = dma->to;
    dma->from += count;
    dma->to += count;
    dma->left -= count;
    dma->patience = PATIENCE;
    dma->registers[SOURCE] = (uint32_t)(uintptr_t)from;
    dma->registers[DESTINATION] = (uint32_t)(uintptr_t)to;
    dma->registers[LINKED_LIST] = 0;
    dma->registers[CHANNEL_CONTROL] = COPY_WORDS | count;
    dma->registers[CHANNEL_CONFIGURATION] = COPY_MEMORY;
    dma->registers[CONFIGURATION] = ENABLE; /* QEMU looks at the interrupts when this is written */
}

void pl081_interrupt(pl081 *dma)
{
    const uint32_t masked = mask_interrupts();
    if (dma->state == COPYING && (dma->registers[ERROR] & CHANNEL_0) != 0) {
        dma->registers[ERROR_CLEAR] = CHANNEL_0;
        dma->state = BROKEN;
    } else if (dma->state == COPYING && (dma->registers[TERMINAL_COUNT] & CHANNEL_0) != 0) {
        dma->registers[TERMINAL_COUNT_CLEAR] = CHANNEL_0;
        if (dma->left > 0) {
            start_block(dma);
        } else {
            dma->state = COPIED;
        }
    }
    restore_interrupts(masked);
}

tvm_ai_answer pl081_open(void *context, const tvm_ai_model *model, const void **parameters)
{
    pl081 *const dma = context;
    if (model->parameters_size == 0 || model->parameters_size > dma->room) {
        return TVM_AI_ACCELERATOR_DECLINES;
    }
    *parameters = dma->copy;
    dma->from = model->parameters;
    dma->to = dma->copy;
    dma->left = (model->parameters_size + 3) / 4;
    dma->state = COPYING;
    dma->registers[TERMINAL_COUNT_CLEAR] = CHANNEL_0;
    dma->registers[ERROR_CLEAR] = CHANNEL_0;
    start_block(dma);
    return TVM_AI_ACCELERATOR_DONE;
}

tvm_ai_answer pl081_ready(void *context)
{
    pl081 *const dma = context;
    pl081_interrupt(dma);
    if (dma->state == COPYING && dma->patience-- == 0) {
        pl081_close(dma);
        dma->state = BROKEN;
    }
    return dma->state == COPIED    ? TVM_AI_ACCELERATOR_DONE
           : dma->state == COPYING ? TVM_AI_ACCELERATOR_BUSY
                                   : TVM_AI_ACCELERATOR_FAILED;
}

void pl081_close(void *context)
{
    pl081 *const dma = context;
    const uint32_t masked = mask_interrupts();
    dma->state = IDLE;
    dma->registers[CHANNEL_CONFIGURATION] = 0;
    for (uint32_t turns = 0; turns < PATIENCE && (dma->registers[CHANNEL_CONFIGURATION] & ACTIVE) != 0; turns++) {
    }
    dma->registers[TERMINAL_COUNT_CLEAR] = CHANNEL_0;
    dma->registers[ERROR_CLEAR] = CHANNEL_0;
    restore_interrupts(masked);
}
