/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of an ordinary X-CUBE-AI application, and no others. */
#include "total.h"
#include "total_data.h"

#include "check.h"

AI_ALIGNED(4) static ai_u8 activations[AI_TOTAL_DATA_ACTIVATIONS_SIZE];

int main(void)
{
    ai_handle network;
    ai_network_report report;
    const ai_handle acts[] = {activations};
    const ai_error error = ai_total_create_and_init(&network, acts, NULL);
    CHECK(error.type == AI_ERROR_NONE && ai_total_get_report(network, &report));
    ai_buffer *in = ai_total_inputs_get(network, NULL), *out = ai_total_outputs_get(network, NULL);
    for (int i = 0; i < AI_TOTAL_IN_1_SIZE; i++) {
        ((ai_i8 *)in[0].data)[i] = (ai_i8)i;
    }
    CHECK(ai_total_run(network, in, out) == 1 && ai_total_get_error(network).type == AI_ERROR_NONE);
    print("%ld\n", (long)*(const ai_i32 *)out[0].data);
    CHECK(ai_total_destroy(network) == AI_HANDLE_NULL);
    finish();
}
