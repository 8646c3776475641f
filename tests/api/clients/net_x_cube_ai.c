/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"
#include "net_data.h"

#include "net_clients.h"

#include <string.h>

AI_ALIGNED(32) static ai_u8 activations[AI_NET_DATA_ACTIVATIONS_SIZE];

int run_by_x_cube_ai(const int8_t *input, int8_t *output)
{
    ai_handle network;
    const ai_handle acts[] = {activations};
    if (ai_net_create_and_init(&network, acts, NULL).type != AI_ERROR_NONE) {
        return -1;
    }
    ai_buffer *in = ai_net_inputs_get(network, NULL), *out = ai_net_outputs_get(network, NULL);
    in[0].data = AI_HANDLE_PTR((uintptr_t)input); /* straight from flash */
    out[0].data = AI_HANDLE_PTR(output);
    const int done = (int)ai_net_run(network, in, out);
    (void)ai_net_destroy(network);
    return done == 1 ? AI_NET_OUT_1_SIZE : -2;
}
