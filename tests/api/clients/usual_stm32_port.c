/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of an ordinary application of TVM's former STM32 port, and no others. */
#include "ai_runtime_api.h"

#include "check.h"

int main(void)
{
    ai_model_info *model = ai_model_iterator_value(ai_model_iterator_begin());
    ai_handle handle;
    CHECK(ai_create(model, AI_MODEL_activations(model), &handle) == AI_STATUS_OK);
    ai_tensor *in = ai_get_input(handle, 0), *out = ai_get_output(handle, 0);
    for (uint32_t i = 0; i < get_tensor_elts(in); i++) {
        ((int8_t *)get_dltensor(in)->data)[i] = (int8_t)i;
    }
    CHECK(ai_run(handle) == AI_STATUS_OK);
    print("%ld\n", (long)*(const int32_t *)get_dltensor(out)->data);
    CHECK(ai_destroy(handle) == AI_STATUS_OK);
    finish();
}
