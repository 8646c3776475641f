/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware of TVM's ahead-of-time executor whose model has a device: an accelerator that adds. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tvm/runtime/crt/error_codes.h"
#include "tvm/runtime/crt/platform.h"
#include "tvmgen_tiny.h"

#include "../tvm_ai_accelerator.h"

static int opened, computed, closed;
static tvm_ai_answer opening;

tvm_crt_error_t TVMPlatformMemoryAllocate(size_t num_bytes, DLDevice dev, void **out_ptr)
{
    (void)dev;
    *out_ptr = malloc(num_bytes);
    return *out_ptr == NULL ? kTvmErrorPlatformNoMemory : kTvmErrorNoError;
}

tvm_crt_error_t TVMPlatformMemoryFree(void *ptr, DLDevice dev)
{
    (void)dev;
    free(ptr);
    return kTvmErrorNoError;
}

static tvm_ai_answer open(void *context, const tvm_ai_model *model, const void **parameters)
{
    (void)context;
    (void)model;
    (void)parameters;
    opened++;
    return opening;
}

static tvm_ai_answer add(void *context, const tvm_ai_job *job)
{
    (void)context;
    if (strcmp(job->node->operation, "ADD") != 0) {
        return TVM_AI_ACCELERATOR_DECLINES;
    }
    const int8_t *a = job->tensors[0].data, *b = job->tensors[1].data;
    int8_t *y = job->tensors[2].data;
    for (int i = 0; i < 8; i++) {
        const int sum = a[i] + b[i];
        y[i] = (int8_t)(sum < -128 ? -128 : sum > 127 ? 127 : sum);
    }
    computed++;
    return TVM_AI_ACCELERATOR_DONE;
}

static void finished(void *context)
{
    (void)context;
    closed++;
}

int main(void)
{
    static const tvm_ai_accelerator adder = {.open = open, .run = add, .close = finished};
    static int8_t x[8], side[8], sums[2][8];
    static float real[2][8];
    static int64_t workspace[(TVMGEN_TINY_ACTIVATIONS_WORKSPACE_POOL_SIZE + 7) / 8];
    for (int i = 0; i < 8; i++) {
        x[i] = (int8_t)(i * 11 - 33);
        side[i] = (int8_t)(i * 3 - 1);
    }
    struct tvmgen_tiny_inputs inputs = {x, side};
    struct tvmgen_tiny_outputs outputs = {.sums = sums[0], .real = real[0]};
    struct tvmgen_tiny_outputs others = {.sums = sums[1], .real = real[1]};
    struct tvmgen_tiny_workspace_pools pools = {.activations = workspace};
    struct tvmgen_tiny_devices devices = {.accelerator = &adder};

    CHECK(tvmgen_tiny_run(&inputs, &outputs) == 0 && opened == 0);
    CHECK(tvmgen_tiny_run(&inputs, &others, &pools, &devices) == 0);
    CHECK(opened == 1 && computed == 1 && closed == 1);
    CHECK(memcmp(sums[0], sums[1], sizeof sums[0]) == 0 && memcmp(real[0], real[1], sizeof real[0]) == 0);
    (void)memset(sums[1], 0, sizeof sums[1]);
    CHECK(tvmgen_tiny_run(&inputs, &others, &devices) == 0 && computed == 2 && closed == 2);
    CHECK(memcmp(sums[0], sums[1], sizeof sums[0]) == 0);
    CHECK(tvmgen_tiny_run(&inputs, &others, &pools) == 0 && computed == 2);

    struct tvmgen_tiny_devices none = {NULL};
    CHECK(tvmgen_tiny_run(&inputs, &others, &pools, &none) == 0 && opened == 2);
    opening = TVM_AI_ACCELERATOR_FAILED;
    CHECK(tvmgen_tiny_run(&inputs, &others, &pools, &devices) == kTvmErrorPlatformCheckFailure && closed == 2);
    opening = TVM_AI_ACCELERATOR_DONE;
    CHECK(tvmgen_tiny_run_in_pools_with(&inputs, &others, &pools, NULL) == kTvmErrorFunctionCallNumArguments);
    CHECK(tvmgen_tiny_run_in_pools_with(&inputs, &others, NULL, &devices) == kTvmErrorFunctionCallNumArguments);
    others.real = (void *)(&sums[0][1]);
    CHECK(tvmgen_tiny_run(&inputs, &others, &pools, &devices) == kTvmErrorFunctionCallWrongArgType && closed == 3);
    pools.activations = (uint8_t *)workspace + 1;
    CHECK(tvmgen_tiny_run(&inputs, &outputs, &pools, &devices) == kTvmErrorPlatformNoMemory);
    finish();
}
