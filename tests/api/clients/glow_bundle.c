/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware of a Glow bundle with several entry points: one set of memories for all. It knows no tvm_ai. */
#include "trio.h"

#include "check.h"

#include <string.h>

GLOW_MEM_ALIGN(TRIO_MEM_ALIGN)
static uint8_t constantWeight[TRIO_CONSTANT_MEM_SIZE] = {
#include "trio.weights.txt"
};

GLOW_MEM_ALIGN(TRIO_MEM_ALIGN)
static uint8_t mutableWeight[TRIO_MUTABLE_MEM_SIZE];

GLOW_MEM_ALIGN(TRIO_MEM_ALIGN)
static uint8_t activations[TRIO_ACTIVATIONS_MEM_SIZE];

static void fill(uint32_t x_offset, uint32_t side_offset, int seed)
{
    uint8_t *const x = GLOW_GET_ADDR(mutableWeight, x_offset);
    uint8_t *const side = GLOW_GET_ADDR(mutableWeight, side_offset);
    for (int i = 0; i < 8; i++) {
        x[i] = (uint8_t)(seed * 7 + i * 11 - 40);
        side[i] = (uint8_t)(i * 3 - seed);
    }
}

static void show(const char *title, uint32_t sums_offset, uint32_t real_offset)
{
    print("%s:", title);
    for (unsigned i = 0; i < 8; i++) {
        print(" %d", (int8_t)mutableWeight[sums_offset + i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        float value;
        (void)memcpy(&value, mutableWeight + real_offset + sizeof value * i, sizeof value);
        print(" %ld", (long)(value * 1000.0f + (value < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

/* All inputs are there before the first call, and all outputs after the last. */
static void run_all(void)
{
    fill(TRIO_TINY_x_0, TRIO_TINY_side, 1);
    fill(TRIO_OUTSIDE_x_0, TRIO_OUTSIDE_side, 2);
    (void)memcpy(GLOW_GET_ADDR(mutableWeight, TRIO_TOTAL_values), (uint8_t[]){1, 2, 3, 4}, 4);
    CHECK(trio_total(constantWeight, mutableWeight, activations) == GLOW_SUCCESS);
    CHECK(trio_tiny(constantWeight, mutableWeight, activations) == GLOW_SUCCESS);
    CHECK(trio_outside(constantWeight, mutableWeight, activations) == GLOW_SUCCESS);
    show("tiny", TRIO_TINY_sums, TRIO_TINY_real);
    show("outside", TRIO_OUTSIDE_sums, TRIO_OUTSIDE_real);
    int32_t sum;
    (void)memcpy(&sum, GLOW_GET_ADDR(mutableWeight, TRIO_TOTAL_sum), sizeof sum);
    print("total: %ld\n", (long)sum);
}

static void description(void)
{
    const BundleConfig *const config = &trio_config;
    CHECK(config->constantWeightVarsMemSize == TRIO_CONSTANT_MEM_SIZE);
    CHECK(config->mutableWeightVarsMemSize == TRIO_MUTABLE_MEM_SIZE);
    CHECK(config->activationsMemSize == TRIO_ACTIVATIONS_MEM_SIZE && config->alignment == TRIO_MEM_ALIGN);
    for (uint64_t i = 0; i < config->numSymbols; i++) {
        const SymbolTableEntry *const symbol = &config->symbolTable[i];
        print("%s at %lu, %lu elements\n", symbol->name, (unsigned long)symbol->offset, (unsigned long)symbol->size);
    }
}

static void mistakes(void)
{
    CHECK(trio_outside(NULL, mutableWeight, activations) == TRIO_ERROR_MEMORY);
    CHECK(trio_total(constantWeight, NULL, activations) == TRIO_ERROR_MEMORY);
    CHECK(trio_tiny(constantWeight, mutableWeight, NULL) == TRIO_ERROR_MEMORY);
    CHECK(trio_total(constantWeight + 2, mutableWeight, activations) == TRIO_ERROR_MEMORY);
}

int main(void)
{
    run_all();
    description();
    mistakes();
    finish();
    return 0;
}
