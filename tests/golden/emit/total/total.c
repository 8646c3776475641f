/*
 * total: the model's descriptor and what a run does
 *
 * Generated from total.onnx (ONNX, int8): edits are lost when it is generated again.
 * Settings: cortex-m0plus, optimize ram, inputs arena, outputs arena, float ABI any.
 * Tools: tvm_stm32 1.2.3.
 */

#include "total.h"

void total_total_0(const int8_t *x, int32_t *y);

uint8_t total_activations[TOTAL_ACTIVATIONS_SIZE] TVM_AI_ALIGNED TVM_AI_SECTION(".bss.total_activations");

static void total_run(const tvm_ai_instance *instance)
{
    int8_t *const input_0 = instance->tensors[0].data;
    int32_t *const output_0 = instance->tensors[1].data;

    /*
     * 0: ReduceSum by total, int8 4 -> int32
     * "sum"
     */
    total_total_0(input_0, output_0);
}

static const int32_t total_input_0_shape[] = TOTAL_INPUT_0_SHAPE;

static const tvm_ai_tensor_info total_tensors[] = {
    {
        .name = "values",
        .type = TVM_AI_INT8,
        .rank = 1,
        .shape = total_input_0_shape,
        .size = TOTAL_INPUT_0_SIZE,
        .alignment = sizeof(TOTAL_INPUT_0_TYPE),
        .offset = 0,
        .axis = -1,
    },
    {
        .name = "sum",
        .type = TVM_AI_INT32,
        .rank = 0,
        .shape = NULL,
        .size = TOTAL_OUTPUT_0_SIZE,
        .alignment = sizeof(TOTAL_OUTPUT_0_TYPE),
        .offset = 4,
        .axis = -1,
    },
};

const tvm_ai_model total_model = {
    .api_version = 1,
    .nodes = TOTAL_NODES,
    .macs = TOTAL_MACS,
    .name = "total",
    .source = "total.onnx",
    .description = "ONNX, int8",
    .versions = "tvm_stm32 1.2.3",
    .signature = total_signature,
    .inputs = TOTAL_INPUTS,
    .outputs = TOTAL_OUTPUTS,
    .tensors = total_tensors,
    .activations_size = TOTAL_ACTIVATIONS_SIZE,
    .activations_alignment = TOTAL_ACTIVATIONS_ALIGNMENT,
    .parameters_size = TOTAL_PARAMETERS_SIZE,
    .parameters = NULL,
    .run = total_run,
};
