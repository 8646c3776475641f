/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware as users of Glow bundles write it: by macros, and by the description at run time. It knows no tvm_ai. */
#include "outside.h"
#include "tiny.h"
#include "total.h"

#include "check.h"

#include <string.h>

/* --- static: as NXP's examples --- */

GLOW_MEM_ALIGN(TINY_MEM_ALIGN)
uint8_t constantWeight[TINY_CONSTANT_MEM_SIZE] = {
#include "tiny.weights.txt"
};

GLOW_MEM_ALIGN(TINY_MEM_ALIGN)
uint8_t mutableWeight[TINY_MUTABLE_MEM_SIZE];

GLOW_MEM_ALIGN(TINY_MEM_ALIGN)
uint8_t activations[TINY_ACTIVATIONS_MEM_SIZE];

uint8_t *inputAddr = GLOW_GET_ADDR(mutableWeight, TINY_x_0);
uint8_t *sideAddr = GLOW_GET_ADDR(mutableWeight, TINY_side);
uint8_t *outputAddr = GLOW_GET_ADDR(mutableWeight, TINY_sums);
uint8_t *realAddr = GLOW_GET_ADDR(mutableWeight, TINY_real);

static void fill(uint8_t *x, uint8_t *side, int seed)
{
    for (int i = 0; i < 8; i++) {
        x[i] = (uint8_t)(seed * 7 + i * 11 - 40);
        side[i] = (uint8_t)(i * 3 - seed);
    }
}

static void show(const char *title, const uint8_t *sums, const uint8_t *real)
{
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", (int8_t)sums[i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        float value;
        (void)memcpy(&value, real + sizeof value * i, sizeof value);
        print(" %ld", (long)(value * 1000.0f + (value < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

static void by_macros(void)
{
    fill(inputAddr, sideAddr, 1);
    CHECK(tiny(constantWeight, mutableWeight, activations) == GLOW_SUCCESS);
    show("static", outputAddr, realAddr);

    /* Inputs stay, and other memory at each call. */
    static GLOW_MEM_ALIGN(TINY_MEM_ALIGN) uint8_t other[TINY_MUTABLE_MEM_SIZE];
    fill(GLOW_GET_ADDR(other, TINY_x_0), GLOW_GET_ADDR(other, TINY_side), 2);
    CHECK(tiny(constantWeight, other, activations) == GLOW_SUCCESS);
    show("elsewhere", GLOW_GET_ADDR(other, TINY_sums), GLOW_GET_ADDR(other, TINY_real));
    show("untouched", outputAddr, realAddr);
    CHECK(tiny(constantWeight, mutableWeight, activations) == GLOW_SUCCESS);
    show("once more", outputAddr, realAddr);
}

/* --- dynamic: as Glow's examples --- */

static GLOW_MEM_ALIGN(64) uint8_t pool[1024];
static uint64_t taken;

static uint8_t *allocate(uint64_t size, uint64_t alignment)
{
    CHECK(alignment == 64 && size % alignment == 0 && size != 0);
    uint8_t *const memory = pool + taken;
    taken += size;
    CHECK(taken <= sizeof pool);
    return memory;
}

static const SymbolTableEntry *get_weights_var(const BundleConfig *config, const char *name)
{
    for (uint64_t i = 0; i < config->numSymbols; i++) {
        if (strcmp(config->symbolTable[i].name, name) == 0) {
            return &config->symbolTable[i];
        }
    }
    return NULL;
}

static void by_description(void)
{
    const BundleConfig *const config = &tiny_config;
    CHECK(config->constantWeightVarsMemSize == TINY_CONSTANT_MEM_SIZE && config->numSymbols == 4);
    uint8_t *const constants = allocate(config->constantWeightVarsMemSize, config->alignment);
    uint8_t *const variables = allocate(config->mutableWeightVarsMemSize, config->alignment);
    uint8_t *const scratch = allocate(config->activationsMemSize, config->alignment);
    (void)memcpy(constants, constantWeight, sizeof constantWeight);
    for (uint64_t i = 0; i < config->numSymbols; i++) {
        const SymbolTableEntry *const symbol = &config->symbolTable[i];
        print("%s at %lu, %lu elements, kind %d\n", symbol->name, (unsigned long)symbol->offset,
              (unsigned long)symbol->size, symbol->kind);
    }
    CHECK(get_weights_var(config, "nobody") == NULL);
    fill(variables + get_weights_var(config, "x_0")->offset, variables + get_weights_var(config, "side")->offset, 3);
    CHECK(tiny(constants, variables, scratch) == GLOW_SUCCESS);
    show("dynamic", variables + get_weights_var(config, "sums")->offset,
         variables + get_weights_var(config, "real")->offset);

    /* Constants are really read: with zeros, the sums are those of the second input. */
    (void)memset(constants, 0, sizeof constantWeight);
    CHECK(tiny(constants, variables, scratch) == GLOW_SUCCESS);
    show("no weights", variables + TINY_sums, variables + TINY_real);
}

/* --- several entry points --- */

static void several_networks(void)
{
    /* Two of equal constants share them; memories of variables and activations are shared in turn. */
    fill(GLOW_GET_ADDR(mutableWeight, OUTSIDE_x_0), GLOW_GET_ADDR(mutableWeight, OUTSIDE_side), 4);
    CHECK(OUTSIDE_CONSTANT_MEM_SIZE == TINY_CONSTANT_MEM_SIZE);
    CHECK(outside(constantWeight, mutableWeight, activations) == GLOW_SUCCESS);
    show("outside", GLOW_GET_ADDR(mutableWeight, OUTSIDE_sums), GLOW_GET_ADDR(mutableWeight, OUTSIDE_real));

    static GLOW_MEM_ALIGN(TOTAL_MEM_ALIGN) uint8_t none[TOTAL_CONSTANT_MEM_SIZE] = {
#include "total.weights.txt"
    };
    int32_t sum;
    (void)memcpy(GLOW_GET_ADDR(mutableWeight, TOTAL_values), (uint8_t[]){1, 2, 3, 4}, 4);
    CHECK(total(none, mutableWeight, activations) == GLOW_SUCCESS);
    (void)memcpy(&sum, GLOW_GET_ADDR(mutableWeight, TOTAL_sum), sizeof sum);
    print("total: %ld\n", (long)sum);
}

/* --- wrong use --- */

static void mistakes(void)
{
    (void)memset(mutableWeight, 42, sizeof mutableWeight);
    CHECK(tiny(NULL, mutableWeight, activations) == TINY_ERROR_MEMORY);
    CHECK(tiny(constantWeight, NULL, activations) == TINY_ERROR_MEMORY);
    CHECK(tiny(constantWeight, mutableWeight, NULL) == TINY_ERROR_MEMORY);
    CHECK(tiny(constantWeight + 2, mutableWeight, activations) == TINY_ERROR_MEMORY);
    CHECK(tiny(constantWeight, mutableWeight + 1, activations) == TINY_ERROR_MEMORY);
    CHECK(tiny(constantWeight, mutableWeight, activations + 4) == TINY_ERROR_MEMORY);
    CHECK(mutableWeight[TINY_sums] == 42 && TINY_ERROR_MEMORY != GLOW_SUCCESS);
}

int main(void)
{
    by_macros();
    by_description();
    several_networks();
    mistakes();
    finish();
    return 0;
}
