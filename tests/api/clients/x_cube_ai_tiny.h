/* SPDX-License-Identifier: Apache-2.0 */
/* What the X-CUBE-AI clients share: inputs for the model "tiny", its outputs as text, and errors compared. */
#ifndef X_CUBE_AI_TINY_H
#define X_CUBE_AI_TINY_H

#include "tiny.h"

#include "check.h"

#define EXPECT(error, type_, code_) \
    do { \
        const ai_error got = (error); \
        CHECK(got.type == (type_)); \
        CHECK(got.code == (code_)); \
    } while (0)

static inline void fill(ai_i8 *x, ai_i8 *side, int seed)
{
    for (int i = 0; i < 8; i++) {
        x[i] = (ai_i8)(seed * 7 + i * 11 - 40);
        side[i] = (ai_i8)(i * 3 - seed);
    }
}

static inline void show(const char *title, const ai_i8 *sums, const ai_float *real)
{
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", sums[i]);
    }
    for (int i = 0; i < 8; i++) {
        print(" %ld", (long)(real[i] * 1000.0f + (real[i] < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

/* Run the network `tiny` on inputs and outputs where it wants them. */
static inline void run_on(ai_handle tiny, const char *title, int seed)
{
    ai_u16 n;
    ai_buffer *in = ai_tiny_inputs_get(tiny, &n);
    CHECK(n == AI_TINY_IN_NUM);
    ai_buffer *out = ai_tiny_outputs_get(tiny, &n);
    CHECK(n == AI_TINY_OUT_NUM);
    fill((ai_i8 *)in[0].data, (ai_i8 *)in[1].data, seed);
    CHECK(ai_tiny_run(tiny, in, out) == 1);
    show(title, (const ai_i8 *)out[0].data, (const ai_float *)out[1].data);
}

#endif /* X_CUBE_AI_TINY_H */
