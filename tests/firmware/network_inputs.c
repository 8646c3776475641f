/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the model "net" on every input of inputs.bin and prints each output as hexadecimal bytes, a line each. */
#include <string.h>

#include "net.h"
#include "semihosting.h"

extern const uint8_t _binary_inputs_bin_start[], _binary_inputs_bin_end[];

static uint8_t arena[NET_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static tvm_ai_instance net;

static void print_bytes(const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const char text[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], '\0'};
        semihosting_print(text);
    }
    semihosting_print("\n");
}

int main(void)
{
    if (tvm_ai_create(&net, &net_model, &(tvm_ai_memory){.activations = arena, .size = sizeof arena}) != TVM_AI_OK) {
        semihosting_exit(1);
    }
    for (const uint8_t *input = _binary_inputs_bin_start; input < _binary_inputs_bin_end; input += NET_INPUT_0_SIZE) {
        memcpy(tvm_ai_input(&net, 0)->data, input, NET_INPUT_0_SIZE);
        if (tvm_ai_run(&net) != TVM_AI_OK) {
            semihosting_exit(2);
        }
        print_bytes(tvm_ai_output(&net, 0)->data, NET_OUTPUT_0_SIZE);
    }
    semihosting_exit(0);
    return 0;
}
