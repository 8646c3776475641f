/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include "net_clients.h"

#include <string.h>

GLOW_MEM_ALIGN(NET_MEM_ALIGN)
static uint8_t constants[NET_CONSTANT_MEM_SIZE] = {
#include "net.weights.txt"
};
GLOW_MEM_ALIGN(NET_MEM_ALIGN) static uint8_t variables[NET_MUTABLE_MEM_SIZE];
GLOW_MEM_ALIGN(NET_MEM_ALIGN) static uint8_t activations[NET_ACTIVATIONS_MEM_SIZE];

int run_by_glow(const int8_t *input, int8_t *output)
{
    const SymbolTableEntry *const symbols = net_config.symbolTable;
    (void)memcpy(variables + symbols[0].offset, input, (size_t)symbols[0].size);
    if (net(constants, variables, activations) != GLOW_SUCCESS) {
        return -1;
    }
    (void)memcpy(output, variables + symbols[1].offset, (size_t)symbols[1].size);
    return (int)symbols[1].size;
}
