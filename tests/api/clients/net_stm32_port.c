/* SPDX-License-Identifier: Apache-2.0 */
#include "ai_runtime_api.h"

#include "net_clients.h"

#include <string.h>

int run_by_stm32_port(const int8_t *input, int8_t *output)
{
    ai_model_info *model = ai_model_iterator_value(ai_model_iterator_begin());
    ai_handle handle;
    if (model == NULL || ai_create(model, AI_MODEL_activations(model), &handle) != AI_STATUS_OK) {
        return -1;
    }
    ai_tensor *in = ai_get_input(handle, 0), *out = ai_get_output(handle, 0);
    (void)memcpy(get_dltensor(in)->data, input, get_tensor_size(in));
    if (ai_run(handle) != AI_STATUS_OK) {
        return -2;
    }
    (void)memcpy(output, get_dltensor(out)->data, get_tensor_size(out));
    return (int)get_tensor_elts(out);
}
