/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include "net_clients.h"

#include <string.h>

STAI_NETWORK_CONTEXT_DECLARE(context, STAI_NET_CONTEXT_SIZE)
static uint8_t activations[STAI_NET_ACTIVATION_1_SIZE_BYTES] STAI_ALIGNED(STAI_NET_ACTIVATION_1_ALIGNMENT);

int run_by_stai(const int8_t *input, int8_t *output)
{
    const stai_ptr acts[] = {activations};
    stai_ptr in[STAI_NET_IN_NUM], out[STAI_NET_OUT_NUM];
    if (stai_net_init(context) != STAI_SUCCESS || stai_net_set_activations(context, acts, 1) != STAI_SUCCESS ||
        stai_net_get_inputs(context, in, NULL) != STAI_SUCCESS ||
        stai_net_get_outputs(context, out, NULL) != STAI_SUCCESS) {
        return -1;
    }
    (void)memcpy(in[0], input, STAI_NET_IN_1_SIZE_BYTES);
    if (stai_net_run(context, STAI_MODE_SYNC) != STAI_SUCCESS) {
        return -2;
    }
    (void)memcpy(output, out[0], STAI_NET_OUT_1_SIZE_BYTES);
    return STAI_NET_OUT_1_SIZE;
}
