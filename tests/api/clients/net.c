/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the model "net" on inputs.bin by each client in turn, and prints what each makes of it. */
#include "check.h"
#include "net_clients.h"

extern const int8_t _binary_inputs_bin_start[], _binary_inputs_bin_end[];

static void run(const char *title, int (*client)(const int8_t *, int8_t *), const int8_t *input)
{
    static int8_t output[64] __attribute__((aligned(4)));
    const int count = client(input, output);
    print("%s", title);
    for (int i = 0; i < count; i++) {
        print(" %d", output[i]);
    }
    print(count < 0 ? " error %d\n" : "\n", count);
}

int main(void)
{
    const int8_t *input = _binary_inputs_bin_start;
    for (; input < _binary_inputs_bin_end; input += NET_INPUT_SIZE) {
        run("x-cube-ai", run_by_x_cube_ai, input);
        run("stai", run_by_stai, input);
        run("stm32-port", run_by_stm32_port, input);
        run("tvm-aot", run_by_tvm_aot, input);
        run("tflm", run_by_tflm, input);
        run("glow", run_by_glow, input);
    }
    finish();
}
