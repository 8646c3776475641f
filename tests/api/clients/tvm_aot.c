/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware as users of TVM's ahead-of-time executor write it, with their platform functions. It knows no tvm_ai. */
#include <dlpack/dlpack.h>
#include <tvm/runtime/c_runtime_api.h>
#include <tvm/runtime/crt/crt.h>
#include <tvm/runtime/crt/error_codes.h>
#include <tvm/runtime/crt/logging.h>
#include <tvm/runtime/crt/packed_func.h>
#include <tvm/runtime/crt/platform.h>
#include <tvm/runtime/crt/stack_allocator.h>

#include "tvmgen_outside.h"
#include "tvmgen_tiny.h"
#include "tvmgen_tiny_functions.h"
#include "tvmgen_total.h"

#include "check.h"

#include <string.h>

#if TVMGEN_TINY_X_0_SIZE != 8 || TVMGEN_TINY_SIDE_SIZE != 8 || TVMGEN_TINY_REAL_SIZE != 32
#error "inputs and outputs are not as they are expected"
#endif

#define WORKSPACE_SIZE (TVMGEN_TINY_WORKSPACE_SIZE)
static uint8_t g_aot_memory[WORKSPACE_SIZE + 1];
static tvm_workspace_t app_workspace;
static int allocations;

/* --- what the platform does --- */

void TVMPlatformAbort(tvm_crt_error_t code)
{
    print("abort %d\n", (int)code);
    finish();
    for (;;) {
    }
}

void TVMLogf(const char *fmt, ...)
{
    print("%s", fmt);
}

tvm_crt_error_t TVMPlatformMemoryAllocate(size_t num_bytes, DLDevice dev, void **out_ptr)
{
    CHECK(dev.device_type == kDLCPU && dev.device_id == 0);
    allocations++;
    return StackMemoryManager_Allocate(&app_workspace, (int32_t)num_bytes, out_ptr);
}

tvm_crt_error_t TVMPlatformMemoryFree(void *ptr, DLDevice dev)
{
    CHECK(dev.device_type == kDLCPU);
    allocations--;
    return StackMemoryManager_Free(&app_workspace, ptr);
}

int TVMFuncRegisterGlobal(const char *name, TVMFunctionHandle f, int override)
{
    (void)name;
    (void)f;
    (void)override;
    return 0;
}

/* --- runs --- */

static int8_t x[8], side[8], sums[8];
static float real[8];

static void fill(int8_t *first, int8_t *second, int seed)
{
    for (int i = 0; i < 8; i++) {
        first[i] = (int8_t)(seed * 7 + i * 11 - 40);
        second[i] = (int8_t)(i * 3 - seed);
    }
}

static void show(const char *title, const int8_t *first, const float *second)
{
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", first[i]);
    }
    for (int i = 0; i < 8; i++) {
        print(" %ld", (long)(second[i] * 1000.0f + (second[i] < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

static struct tvmgen_tiny_inputs tiny_inputs = {
    .x_0 = x,
    .side = side,
};
static struct tvmgen_tiny_outputs tiny_outputs = {
    .sums = sums,
    .real = real,
};

static void workspace_of_the_platform(void)
{
    int32_t (*const run)(struct tvmgen_tiny_inputs *, struct tvmgen_tiny_outputs *) = tvmgen_tiny_run;
    CHECK(StackMemoryManager_Init(&app_workspace, g_aot_memory + 1, WORKSPACE_SIZE) == kTvmErrorNoError);
    fill(x, side, 1);
    if (tvmgen_tiny_run(&tiny_inputs, &tiny_outputs) != 0) {
        TVMPlatformAbort(kTvmErrorPlatformCheckFailure);
    }
    show("stack", sums, real);
    CHECK(allocations == 0 && app_workspace.next_alloc == app_workspace.workspace);

    /* Buffers are those of this call. */
    int8_t elsewhere[8];
    struct tvmgen_tiny_outputs other = tiny_outputs;
    other.output0 = elsewhere;
    fill(x, side, 2);
    CHECK(run(&tiny_inputs, &other) == 0);
    show("elsewhere", elsewhere, real);
    CHECK(memcmp(x, (int8_t[]){-26, -15, -4, 7, 18, 29, 40, 51}, sizeof x) == 0);

    struct tvmgen_outside_inputs inputs = {x, side};
    struct tvmgen_outside_outputs outputs = {.output0 = sums, .output1 = real};
    CHECK(tvmgen_outside_run(&inputs, &outputs) == 0);
    show("outside", sums, real);

    int8_t values[4] = {1, 2, 3, -100};
    int32_t sum = 0;
    struct tvmgen_total_inputs four = {.values = values};
    struct tvmgen_total_outputs one = {.output = &sum};
    CHECK(one.sum == &sum && TVMGEN_TOTAL_OUTPUT_SIZE == sizeof sum);
    CHECK(tvmgen_total_run(&four, &one) == 0);
    print("total: %ld\n", (long)sum);
}

static uint8_t sram[TVMGEN_TINY_ACTIVATIONS_WORKSPACE_POOL_SIZE] __attribute__((aligned(16)));

static void workspace_pools(void)
{
    struct tvmgen_tiny_workspace_pools pools = {.activations = sram};
    fill(x, side, 3);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs, &pools) == 0);
    show("pools", sums, real);

    /* Constants elsewhere are really read: with zeros, the sums are those of the second input. */
    static int32_t parameters[TVMGEN_TINY_PARAMETERS_CONSTANT_POOL_SIZE / 4];
    pools.parameters = parameters;
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs, &pools) == 0);
    show("no weights", sums, real);

    static const uint8_t constants[] __attribute__((aligned(4))) = {TVMGEN_TINY_PARAMETERS_CONSTANT_POOL_DATA};
    CHECK(sizeof constants == TVMGEN_TINY_PARAMETERS_CONSTANT_POOL_SIZE);
    pools.parameters = (void *)(uintptr_t)constants;
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs, &pools) == 0);
    show("constant pool", sums, real);

    /* Inputs and outputs in the pool; the same memory for another model in between. */
    pools.parameters = NULL;
    struct tvmgen_tiny_inputs in = tvmgen_tiny_map_inputs(&pools);
    struct tvmgen_tiny_outputs out = tvmgen_tiny_map_outputs(&pools);
    fill(in.x_0, in.side, 4);
    CHECK(tvmgen_tiny_run(&pools) == 0);
    show("mapped", out.sums, out.real);
    struct tvmgen_total_workspace_pools shared = {.activations = sram};
    struct tvmgen_total_inputs four = tvmgen_total_map_inputs(&shared);
    (void)memcpy(four.values, (int8_t[]){5, 6, 7, 8}, 4);
    CHECK(tvmgen_total_run(&shared) == 0);
    print("total: %ld\n", (long)*(const int32_t *)tvmgen_total_map_outputs(&shared).sum);
    fill(in.x_0, in.side, 5);
    CHECK(tvmgen_tiny_run(&in, &out, &pools) == 0);
    show("mapped again", out.sums, out.real);
}

/* --- wrong use --- */

static void mistakes(void)
{
    struct tvmgen_tiny_workspace_pools pools = {.activations = sram}, none = {0}, odd = {.activations = sram + 1};
    struct tvmgen_tiny_inputs missing = {.x_0 = x};
    struct tvmgen_tiny_outputs askew = {.sums = sums, .real = (uint8_t *)real + 2};
    CHECK(tvmgen_tiny_run((struct tvmgen_tiny_inputs *)0, &tiny_outputs) == kTvmErrorFunctionCallNumArguments);
    CHECK(tvmgen_tiny_run(&tiny_inputs, (struct tvmgen_tiny_outputs *)0) == kTvmErrorFunctionCallNumArguments);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs, NULL) == kTvmErrorFunctionCallNumArguments);
    CHECK(tvmgen_tiny_run(NULL) == kTvmErrorFunctionCallNumArguments);
    CHECK(tvmgen_tiny_run(&missing, &tiny_outputs) == kTvmErrorFunctionCallWrongArgType);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &askew) == kTvmErrorFunctionCallWrongArgType);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &askew, &pools) == kTvmErrorFunctionCallWrongArgType);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs, &none) == kTvmErrorPlatformNoMemory);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs, &odd) == kTvmErrorPlatformNoMemory);
    CHECK(tvmgen_tiny_run(&none) == kTvmErrorPlatformNoMemory);
    pools.parameters = sram + 2;
    CHECK(tvmgen_tiny_run(&pools) == kTvmErrorFunctionCallWrongArgType);
    CHECK(tvmgen_tiny_map_inputs(NULL).side == NULL && tvmgen_tiny_map_outputs(&none).real == NULL);
    CHECK(allocations == 0);

    tvm_workspace_t small;
    void *block = &small;
    CHECK(StackMemoryManager_Init(&small, NULL, 100) == kTvmErrorPlatformNoMemory);
    CHECK(StackMemoryManager_Init(&small, sram + 1, 3) == kTvmErrorPlatformNoMemory);
    CHECK(StackMemoryManager_Init(&small, sram, 32) == kTvmErrorNoError);
    CHECK(StackMemoryManager_Allocate(&small, 33, &block) == kTvmErrorPlatformNoMemory && block == NULL);
    CHECK(StackMemoryManager_Allocate(&small, -1, &block) == kTvmErrorPlatformNoMemory);
    CHECK(StackMemoryManager_Allocate(&small, 1, &block) == kTvmErrorNoError && block == sram);
    CHECK(StackMemoryManager_Allocate(&small, 17, &block) == kTvmErrorPlatformNoMemory);
    CHECK(StackMemoryManager_Allocate(&small, 16, &block) == kTvmErrorNoError && block == sram + 16);
    CHECK(StackMemoryManager_Free(&small, sram + 3) == kTvmErrorPlatformStackAllocBadFree);
    CHECK(StackMemoryManager_Free(&small, g_aot_memory) == kTvmErrorPlatformStackAllocBadFree);
    CHECK(StackMemoryManager_Free(&small, sram + 16) == kTvmErrorNoError && small.next_alloc == sram + 16);

    /* Too little for the model: the run says so and nothing stays allocated. */
    CHECK(StackMemoryManager_Init(&app_workspace, sram, 16) == kTvmErrorNoError);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs) == kTvmErrorPlatformNoMemory);
    CHECK(app_workspace.next_alloc == sram);
}

/* --- operators by name --- */

static void operators(void)
{
    const TVMFuncRegistry *const registry = &tvmgen_tiny_functions;
    tvm_function_index_t index = 99;
    TVMBackendPackedCFunc add = NULL;
    CHECK(TVMFuncRegistry_GetNumFuncs(registry) == 4);
    print("functions:");
    const char *name = TVMFuncRegistry_Get0thFunctionName(registry);
    for (; *name != '\0'; name += strlen(name) + 1) {
        print(" %s", name);
    }
    print("\n");
    CHECK(TVMFuncRegistry_Lookup(registry, "tiny_add", &index) == kTvmErrorFunctionNameNotFound && index == 99);
    CHECK(TVMFuncRegistry_Lookup(registry, "tiny_add_0", &index) == kTvmErrorNoError && index == 1);
    CHECK(TVMFuncRegistry_GetByIndex(registry, 4, &add) == kTvmErrorFunctionIndexInvalid && add == NULL);
    CHECK(TVMFuncRegistry_GetByIndex(registry, index, &add) == kTvmErrorNoError);
    CHECK(tvm_ai_find_function(registry, "tiny_add_0") == add);
    CHECK(tvm_ai_find_function(registry, "nobody") == NULL && tvm_ai_find_function(NULL, "tiny_add_0") == NULL);
    CHECK(tvm_ai_find_function(registry, NULL) == NULL);

    DLTensor tensor = {.data = x, .device = {kDLCPU, 0}, .ndim = 1, .dtype = {kDLInt, 8, 1}};
    TVMValue arguments[] = {{.v_handle = &tensor}, {.v_handle = side}, {.v_handle = sums}};
    int codes[] = {kTVMDLTensorHandle, kTVMOpaqueHandle, kTVMOpaqueHandle};
    fill(x, side, 1);
    CHECK(add(arguments, codes, 3, NULL, NULL, NULL) == 0);
    print("added: %d %d\n", sums[0], sums[7]);
    int8_t both[16];
    (void)memcpy(both + 8, x, sizeof x);
    tensor.data = both;
    tensor.byte_offset = 8;
    codes[0] = kTVMNDArrayHandle;
    sums[7] = 0;
    CHECK(add(arguments, codes, 3, NULL, NULL, NULL) == 0);
    print("added: %d %d\n", sums[0], sums[7]);
    CHECK(add(arguments, codes, 2, NULL, NULL, NULL) == kTvmErrorFunctionCallNumArguments);
    CHECK(add(NULL, codes, 3, NULL, NULL, NULL) == kTvmErrorFunctionCallNumArguments);
    codes[1] = kTVMArgInt;
    CHECK(add(arguments, codes, 3, NULL, NULL, NULL) == kTvmErrorFunctionCallWrongArgType);
    codes[1] = kTVMOpaqueHandle;
    tensor.data = NULL;
    CHECK(add(arguments, codes, 3, NULL, NULL, NULL) == kTvmErrorFunctionCallWrongArgType);
    TVMValue odd[] = {{.v_handle = sums}, {.v_handle = real}, {.v_handle = (uint8_t *)real + 1}};
    codes[0] = kTVMOpaqueHandle;
    CHECK(tvm_ai_find_function(registry, "tiny_dequantize_0")(odd, codes, 3, NULL, NULL, NULL) ==
          kTvmErrorFunctionCallWrongArgType);

    /* A registry in RAM may be shortened. */
    char names[16] = "\2\0one\0two";
    const TVMFuncRegistry own = {names, registry->funcs};
    CHECK(tvm_ai_find_function(&own, "two") == add);
    CHECK(TVMFuncRegistry_SetNumFuncs(&own, 1) == 0 && TVMFuncRegistry_GetNumFuncs(&own) == 1);
    CHECK(tvm_ai_find_function(&own, "two") == NULL);
}

int main(void)
{
    CHECK(TVMInitializeRuntime() == kTvmErrorNoError);
    TVMLogf("starting\n");
    workspace_of_the_platform();
    workspace_pools();
    mistakes();
    operators();
    CHECK(StackMemoryManager_Init(&app_workspace, g_aot_memory, WORKSPACE_SIZE) == kTvmErrorNoError);
    fill(x, side, 1);
    CHECK(tvmgen_tiny_run(&tiny_inputs, &tiny_outputs) == 0);
    show("after all that", sums, real);
    finish();
    return 0;
}
