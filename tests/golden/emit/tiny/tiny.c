/*
 * tiny: the model's descriptor and what a run does
 *
 * Generated from tiny model.tflite (TFLite, int8): edits are lost when it is generated again.
 * Settings: part STM32F405RGT6 (cortex-m4), optimize balanced, inputs arena, outputs arena, float ABI any.
 * Tools: apache-tvm 4.5.6, tvm_stm32 1.2.3.
 */

#include "tiny.h"

void tiny_scale_0(const int8_t *x, const int8_t *weights, const int16_t *shifts, const int32_t *bias, int8_t *y);
void tiny_add_0(const int8_t *a, const int8_t *b, int8_t *y);
void tiny_running_sum_0(const int8_t *x, int32_t *sums, int8_t *y);
void tiny_dequantize_0(const int8_t *x, const float *scales, float *y);

uint8_t tiny_activations[TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED TVM_AI_SECTION(".bss.tiny_activations");

static void tiny_run(const tvm_ai_instance *instance)
{
    uint8_t *const arena = instance->activations;
    const tiny_parameters *const p = instance->parameters;
    int8_t *const input_0 = instance->tensors[0].data;
    int8_t *const input_1 = instance->tensors[1].data;
    int8_t *const output_0 = instance->tensors[2].data;
    float *const output_1 = instance->tensors[3].data;

    /*
     * 0: MUL by scale, int8 1x2x2x2 -> int8 1x2x2x2, 8 MACs
     * "body/scale"
     */
    int8_t *const tensor_2 = (void *)&arena[16];
    tiny_scale_0(input_0, p->scale_0_weights, p->scale_0_shifts, p->scale_0_bias, tensor_2);

    /*
     * 1: ADD by add, int8 1x2x2x2, int8 1x2x2x2 -> int8 1x2x2x2
     * "body/add"
     */
    int8_t *const tensor_3 = (void *)&arena[0];
    tiny_add_0(tensor_2, input_1, tensor_3);

    /*
     * 2: CUMSUM by running_sum, int8 1x2x2x2 -> int8 1x2x2x2
     * "body/sum"
     */
    tiny_running_sum_0(tensor_3, (void *)&arena[8], output_0);

    /*
     * 3: DEQUANTIZE by dequantize, int8 1x2x2x2 -> float32 1x2x2x2, 8 MACs
     * "head"
     */
    tiny_dequantize_0(output_0, p->dequantize_3_scales, output_1);
}

static const int32_t tiny_input_0_shape[] = TINY_INPUT_0_SHAPE;
static const float tiny_input_0_scales[] = {0.5f};
static const int32_t tiny_input_0_zero_points[] = {-128};
static const int32_t tiny_input_1_shape[] = TINY_INPUT_1_SHAPE;
static const float tiny_input_1_scales[] = {0.25f, 0.125f};
static const int32_t tiny_input_1_zero_points[] = {0, 3};
static const int32_t tiny_output_0_shape[] = TINY_OUTPUT_0_SHAPE;
static const float tiny_output_0_scales[] = {0.25f, 0.125f};
static const int32_t tiny_output_0_zero_points[] = {0, 3};
static const int32_t tiny_output_1_shape[] = TINY_OUTPUT_1_SHAPE;

static const tvm_ai_tensor_info tiny_tensors[] = {
    {
        .name = "x:0",
        .type = TVM_AI_INT8,
        .rank = 4,
        .shape = tiny_input_0_shape,
        .size = TINY_INPUT_0_SIZE,
        .alignment = sizeof(TINY_INPUT_0_TYPE),
        .offset = 24,
        .quantizations = 1,
        .scales = tiny_input_0_scales,
        .zero_points = tiny_input_0_zero_points,
        .axis = -1,
    },
    {
        .name = "side",
        .type = TVM_AI_INT8,
        .rank = 4,
        .shape = tiny_input_1_shape,
        .size = TINY_INPUT_1_SIZE,
        .alignment = sizeof(TINY_INPUT_1_TYPE),
        .offset = 8,
        .quantizations = 2,
        .scales = tiny_input_1_scales,
        .zero_points = tiny_input_1_zero_points,
        .axis = 3,
    },
    {
        .name = "sums",
        .type = TVM_AI_INT8,
        .rank = 4,
        .shape = tiny_output_0_shape,
        .size = TINY_OUTPUT_0_SIZE,
        .alignment = sizeof(TINY_OUTPUT_0_TYPE),
        .offset = 44,
        .quantizations = 2,
        .scales = tiny_output_0_scales,
        .zero_points = tiny_output_0_zero_points,
        .axis = 3,
    },
    {
        .name = "real",
        .type = TVM_AI_FLOAT32,
        .rank = 4,
        .shape = tiny_output_1_shape,
        .size = TINY_OUTPUT_1_SIZE,
        .alignment = sizeof(TINY_OUTPUT_1_TYPE),
        .offset = 0,
        .axis = -1,
    },
};

const tvm_ai_model tiny_model = {
    .api_version = 1,
    .nodes = TINY_NODES,
    .macs = TINY_MACS,
    .name = "tiny",
    .source = "tiny model.tflite",
    .description = "TFLite, int8",
    .versions = "apache-tvm 4.5.6, tvm_stm32 1.2.3",
    .signature = tiny_signature,
    .inputs = TINY_INPUTS,
    .outputs = TINY_OUTPUTS,
    .tensors = tiny_tensors,
    .activations_size = TINY_ACTIVATIONS_SIZE,
    .activations_alignment = TINY_ACTIVATIONS_ALIGNMENT,
    .parameters_size = TINY_PARAMETERS_SIZE,
    .parameters = &tiny_weights,
    .run = tiny_run,
};
