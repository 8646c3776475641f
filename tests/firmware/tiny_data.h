/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs for the model "tiny", and its outputs as text. */
#ifndef TINY_DATA_H
#define TINY_DATA_H

#include "check.h"
#include "tvm_ai.h"

/* Fill both inputs of an instance, differently for each seed. */
static inline void fill(tvm_ai_instance *tiny, int seed)
{
    int8_t *x = tvm_ai_input(tiny, 0)->data;
    int8_t *side = tvm_ai_input(tiny, 1)->data;
    for (int i = 0; i < 8; i++) {
        x[i] = (int8_t)(seed * 7 + i * 11 - 40);
        side[i] = (int8_t)(i * 3 - seed);
    }
}

/* Print both outputs, the real one in thousandths. */
static inline void print_outputs(const char *title, tvm_ai_instance *tiny)
{
    const int8_t *sums = tvm_ai_output(tiny, 0)->data;
    const float *real = tvm_ai_output(tiny, 1)->data;
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", sums[i]);
    }
    for (int i = 0; i < 8; i++) {
        print(" %ld", (long)(real[i] * 1000.0f + (real[i] < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

#endif /* TINY_DATA_H */
