/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many models of one layer, one at each call of model_run, in turn. layers.h names them: LAYERS(X) is X(name) for each.
 *
 * A record of the input is what goes into the layer, then, LAYER_RECORD bytes further, what should come out. The output
 * is the largest difference found, a float, and how many values differ.
 */
#include <math.h>
#include <string.h>

#include "layers.h"

#define MODEL(name) &name##_model,
static const tvm_ai_model *const models[] = {LAYERS(MODEL)};
static uint8_t arena[LAYER_ARENA] TVM_AI_ALIGNED;

/* What is between these two is counted. */
__attribute__((noinline, used)) void layer_begin(void)
{
    __asm__ volatile("nop" ::: "memory");
}

__attribute__((noinline, used)) void layer_end(void)
{
    __asm__ volatile("nop" ::: "memory");
}

static float at(const uint8_t *bytes, uint32_t index, tvm_ai_type type)
{
    float value;
    if (type != TVM_AI_FLOAT32) {
        return (float)(int8_t)bytes[index];
    }
    memcpy(&value, bytes + 4 * index, sizeof value);
    return value;
}

int model_run(const int8_t *in, int8_t *out)
{
    static tvm_ai_instance instance;
    static unsigned turn;
    const tvm_ai_model *model = models[turn++ % (sizeof models / sizeof models[0])];
    const uint8_t *expected = (const uint8_t *)in + LAYER_RECORD;
    struct {
        float largest;
        uint32_t different;
    } found = {0.0f, 0};

    if (tvm_ai_create(&instance, model, &(tvm_ai_memory){.activations = arena, .size = sizeof arena}) != TVM_AI_OK) {
        return 1;
    }
    memcpy(tvm_ai_input(&instance, 0)->data, in, tvm_ai_input(&instance, 0)->info->size);
    layer_begin();
    tvm_ai_status status = tvm_ai_run(&instance);
    layer_end();
    const tvm_ai_tensor *result = tvm_ai_output(&instance, 0);
    uint32_t count = result->info->size / (result->info->type == TVM_AI_FLOAT32 ? 4 : 1);
    for (uint32_t i = 0; i < count; i++) {
        float difference = fabsf(at(result->data, i, result->info->type) - at(expected, i, result->info->type));
        found.different += difference > 0.0f;
        found.largest = fmaxf(found.largest, difference);
    }
    memcpy(out, &found, sizeof found);
    return status != TVM_AI_OK;
}
