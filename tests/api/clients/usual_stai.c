/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of an ordinary ST Edge AI application, and no others. */
#include "total.h"

#include "check.h"

static STAI_NETWORK_CONTEXT_DECLARE(context, STAI_TOTAL_CONTEXT_SIZE)
STAI_ALIGNED(STAI_TOTAL_ACTIVATION_1_ALIGNMENT) static uint8_t activations[STAI_TOTAL_ACTIVATION_1_SIZE_BYTES];

int main(void)
{
    stai_ptr in[STAI_TOTAL_IN_NUM], out[STAI_TOTAL_OUT_NUM], acts[] = {activations};
    stai_size n;
    stai_network_info info;
    CHECK(stai_runtime_init() == STAI_SUCCESS && stai_total_init(context) == STAI_SUCCESS);
    CHECK(stai_total_set_activations(context, acts, 1) == STAI_SUCCESS);
    CHECK(stai_total_get_info(context, &info) == STAI_SUCCESS);
    CHECK(stai_total_get_inputs(context, in, &n) == STAI_SUCCESS);
    CHECK(stai_total_get_outputs(context, out, &n) == STAI_SUCCESS);
    for (int i = 0; i < STAI_TOTAL_IN_1_SIZE; i++) {
        in[0][i] = (uint8_t)i;
    }
    CHECK(stai_total_run(context, STAI_MODE_SYNC) == STAI_SUCCESS && stai_total_get_error(context) == STAI_SUCCESS);
    print("%ld\n", (long)*(const int32_t *)(const void *)out[0]);
    CHECK(stai_total_deinit(context) == STAI_SUCCESS);
    finish();
}
