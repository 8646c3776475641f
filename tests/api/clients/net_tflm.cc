/* SPDX-License-Identifier: Apache-2.0 */
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include "net_clients.h"

#include <string.h>

extern const unsigned char g_net_model_data[];

int run_by_tflm(const int8_t *input, int8_t *output)
{
    alignas(16) static uint8_t tensor_arena[2048];
    tflite::MicroMutableOpResolver<3> resolver;
    tflite::MicroInterpreter interpreter(tflite::GetModel(g_net_model_data), resolver, tensor_arena,
                                         sizeof tensor_arena);
    if (resolver.AddConv2D() != kTfLiteOk || resolver.AddMaxPool2D() != kTfLiteOk ||
        resolver.AddFullyConnected() != kTfLiteOk || interpreter.AllocateTensors() != kTfLiteOk) {
        return -1;
    }
    (void)memcpy(interpreter.typed_input_tensor<int8_t>(0), input, interpreter.input(0)->bytes);
    if (interpreter.Invoke() != kTfLiteOk) {
        return -2;
    }
    const TfLiteTensor *const scores = interpreter.output(0);
    (void)memcpy(output, scores->data.int8, scores->bytes);
    return scores->dims->data[1];
}
