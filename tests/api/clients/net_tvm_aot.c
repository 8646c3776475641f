/* SPDX-License-Identifier: Apache-2.0 */
#include "tvmgen_net.h"

#include "net_clients.h"

static uint8_t sram[TVMGEN_NET_ACTIVATIONS_WORKSPACE_POOL_SIZE] __attribute__((aligned(16)));

int run_by_tvm_aot(const int8_t *input, int8_t *output)
{
    struct tvmgen_net_workspace_pools pools = {.activations = sram};
    struct tvmgen_net_inputs inputs = {(void *)(uintptr_t)input};
    struct tvmgen_net_outputs outputs = {.output = output};
    return tvmgen_net_run(&inputs, &outputs, &pools) == 0 ? TVMGEN_NET_OUTPUT_SIZE : -1;
}
