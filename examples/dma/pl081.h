/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DMA controller, Arm's PL081, as an accelerator: it copies a model's weights to SRAM, block by block, while the
 * application goes on; runs then read them there. STM32s have controllers of their own: copy this driver and change its
 * registers.
 */
#ifndef PL081_H
#define PL081_H

#include "tvm_ai_accelerator.h"

typedef struct {
    volatile uint32_t *registers; /* of the controller */
    void *copy;                   /* where the weights go: `room` bytes, aligned to 4 */
    size_t room;
    /* the driver's own */
    const uint32_t *from;
    uint32_t *to;
    volatile size_t left; /* words that no block has been started for */
    volatile uint32_t state;
    uint32_t patience; /* questions that may still be asked in vain */
} pl081;

/* Give it to tvm_ai_create_accelerated, with the address of a pl081 as its context. */
#define PL081_ACCELERATOR(dma) {.open = pl081_open, .ready = pl081_ready, .close = pl081_close, .context = (dma)}

/* Starts the copy. Declines a model whose weights have no room: it then runs from flash. */
tvm_ai_answer pl081_open(void *context, const tvm_ai_model *model, const void **parameters);

/* Whether all is copied. Also moves the copy on, so that it ends while interrupts are masked, too. */
tvm_ai_answer pl081_ready(void *context);

/* Stops the copy. */
void pl081_close(void *context);

/* To be called by the handler of the controller's interrupt: starts the next block. */
void pl081_interrupt(pl081 *dma);

#endif /* PL081_H */
