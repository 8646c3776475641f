/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware as users of TensorFlow Lite for Microcontrollers write it. It knows no tvm_ai. */
#include "tensorflow/lite/core/c/common.h"
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler.h"
#include "tensorflow/lite/micro/recording_micro_interpreter.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The client's own header says so. */
alignas(16) extern const unsigned char g_tiny_model_data[];
extern const unsigned int g_tiny_model_data_size;
extern const unsigned char g_total[];
extern const unsigned char outside_tflite[];
extern const unsigned int outside_tflite_len;

/* --- what the platform does --- */

extern "C" void DebugLog(const char *format, va_list args)
{
    char text[200];
    (void)vsnprintf(text, sizeof text, format, args);
    print("%s", strcmp(text, "\r\n") == 0 ? "\n" : text);
}

namespace tflite {
static uint32_t now;

uint32_t ticks_per_second()
{
    return 1000;
}

uint32_t GetCurrentTimeTicks()
{
    return now += 5;
}
} // namespace tflite

namespace {
constexpr int kTensorArenaSize = 512;
alignas(16) uint8_t tensor_arena[kTensorArenaSize];

using OpResolver = tflite::MicroMutableOpResolver<3>;

TfLiteStatus RegisterOps(OpResolver &op_resolver)
{
    TF_LITE_ENSURE_STATUS(op_resolver.AddFullyConnected());
    TF_LITE_ENSURE_STATUS(op_resolver.AddConv2D(tflite::Register_CONV_2D_INT8()));
    return op_resolver.AddSoftmax();
}

void Fill(int8_t *x, int8_t *side, int seed)
{
    for (int i = 0; i < 8; i++) {
        x[i] = static_cast<int8_t>(seed * 7 + i * 11 - 40);
        side[i] = static_cast<int8_t>(i * 3 - seed);
    }
}

void Show(const char *title, const TfLiteTensor *sums, const TfLiteTensor *real)
{
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", sums->data.int8[i]);
    }
    for (int i = 0; i < 8; i++) {
        const float value = real->data.f[i] * 1000.0f;
        print(" %ld", static_cast<long>(value + (value < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

TfLiteStatus Run(const char *title, tflite::MicroInterpreter &interpreter, int seed)
{
    Fill(interpreter.typed_input_tensor<int8_t>(0), interpreter.input(1)->data.int8, seed);
    TF_LITE_ENSURE_STATUS(interpreter.Invoke());
    Show(title, interpreter.output(0), interpreter.output(1));
    return kTfLiteOk;
}

/* --- as in the examples --- */

TfLiteStatus OneModel()
{
    const tflite::Model *model = ::tflite::GetModel(g_tiny_model_data);
    CHECK(model->version() == TFLITE_SCHEMA_VERSION);
    CHECK(g_tiny_model_data_size >= 16);

    OpResolver op_resolver;
    TF_LITE_ENSURE_STATUS(RegisterOps(op_resolver));
    tflite::MicroInterpreter interpreter(model, op_resolver, tensor_arena, kTensorArenaSize);
    CHECK(interpreter.initialization_status() == kTfLiteOk && interpreter.arena_used_bytes() == 0);
    CHECK(interpreter.input(0) == nullptr && interpreter.typed_output_tensor<float>(0) == nullptr);
    TF_LITE_ENSURE_STATUS(interpreter.AllocateTensors());
    CHECK(interpreter.arena_used_bytes() == 56);
    TF_LITE_ENSURE_STATUS(Run("one model", interpreter, 1));

    /* Buffers are those of this call; Reset gives the own ones back. */
    static int8_t x[8], side[8], sums[8];
    Fill(x, side, 2);
    interpreter.input(0)->data.int8 = x;
    interpreter.input(1)->data.int8 = side;
    interpreter.output(0)->data.int8 = sums;
    TF_LITE_ENSURE_STATUS(interpreter.Invoke());
    CHECK(interpreter.output(0)->data.int8 == sums && interpreter.typed_output_tensor<int8_t>(0) == sums);
    Show("elsewhere", interpreter.output(0), interpreter.output(1));
    TF_LITE_ENSURE_STATUS(interpreter.Reset());
    CHECK(interpreter.output(0)->data.int8 != sums);
    return Run("after a reset", interpreter, 3);
}

TfLiteStatus Tensors()
{
    tflite::AllOpsResolver op_resolver;
    tflite::MicroInterpreter interpreter(tflite::GetModel(g_tiny_model_data), op_resolver, tensor_arena,
                                         kTensorArenaSize, nullptr);
    TF_LITE_ENSURE_STATUS(interpreter.AllocateTensors());
    CHECK(interpreter.inputs_size() == 2 && interpreter.outputs_size() == 2);

    const TfLiteTensor *input = interpreter.input(0);
    CHECK(input->dims->size == 4 && input->dims->data[0] == 1 && input->dims->data[3] == 2);
    CHECK(input->type == kTfLiteInt8 && input->bytes == 8 && input->allocation_type == kTfLiteArenaRw);
    CHECK(input->params.scale == 0.5f && input->params.zero_point == -128 && !input->is_variable);

    /* Per channel. */
    const TfLiteTensor *side = interpreter.input_tensor(1);
    CHECK(side->quantization.type == kTfLiteAffineQuantization);
    const auto *affine = static_cast<const TfLiteAffineQuantization *>(side->quantization.params);
    CHECK(affine->scale->size == 2 && affine->zero_point->size == 2 && affine->quantized_dimension == 3);
    CHECK(affine->scale->data[0] == 0.25f && affine->scale->data[1] == 0.125f);
    CHECK(affine->zero_point->data[0] == 0 && affine->zero_point->data[1] == 3);

    /* By numbers. */
    TFLITE_CHECK_EQ(interpreter.inputs().size(), 2u);
    CHECK(interpreter.tensor(static_cast<size_t>(interpreter.inputs()[1])) == side);
    CHECK(interpreter.tensor(static_cast<size_t>(interpreter.outputs().Get(1))) == interpreter.output(1));
    CHECK(interpreter.outputs().size() == 2 && interpreter.tensor(4) == nullptr);

    const TfLiteTensor *real = interpreter.output_tensor(1);
    CHECK(real->type == kTfLiteFloat32 && real->bytes == 32 && strcmp(TfLiteTypeGetName(real->type), "FLOAT32") == 0);
    CHECK(real->quantization.type == kTfLiteNoQuantization && real->params.scale == 0.0f);
    CHECK(interpreter.typed_output_tensor<float>(1) == real->data.f);
    CHECK(tflite::GetTensorData<float>(real) == real->data.f);
    CHECK(interpreter.typed_output_tensor<int8_t>(1) == nullptr && interpreter.input(2) == nullptr);
    return kTfLiteOk;
}

TfLiteStatus ProfileMemoryAndLatency()
{
    tflite::MicroProfiler profiler;
    OpResolver op_resolver;
    TF_LITE_ENSURE_STATUS(RegisterOps(op_resolver));
    tflite::RecordingMicroAllocator *allocator(tflite::RecordingMicroAllocator::Create(tensor_arena, kTensorArenaSize));
    tflite::RecordingMicroInterpreter interpreter(tflite::GetModel(g_tiny_model_data), op_resolver, allocator,
                                                  tflite::MicroResourceVariables::Create(allocator, 24), &profiler);
    TF_LITE_ENSURE_STATUS(interpreter.AllocateTensors());
    TF_LITE_ENSURE_STATUS(Run("profiled", interpreter, 4));
    CHECK(profiler.GetNumEvents() == 4 && profiler.GetTotalTicks() == 20);
    profiler.LogCsv();
    {
        tflite::ScopedMicroProfiler scoped("ADD", &profiler);
    }
    profiler.LogTicksPerTagCsv();
    profiler.ClearEvents();
    profiler.Log();
    CHECK(profiler.GetNumEvents() == 0);
    CHECK(interpreter.arena_used_bytes() == interpreter.GetMicroAllocator().used_bytes());
    CHECK(interpreter.arena_used_bytes() == sizeof *allocator + 56);
    return kTfLiteOk;
}

TfLiteStatus TwoModelsInOneArena()
{
    tflite::AllOpsResolver op_resolver;
    tflite::MicroAllocator *allocator = tflite::MicroAllocator::Create(tensor_arena + 1, kTensorArenaSize - 1);
    tflite::MicroInterpreter total(tflite::GetModel(g_total), op_resolver, allocator);
    tflite::MicroInterpreter tiny(tflite::GetModel(g_tiny_model_data), op_resolver, allocator);
    TF_LITE_ENSURE_STATUS(total.AllocateTensors());
    const size_t small = allocator->used_bytes();
    TF_LITE_ENSURE_STATUS(tiny.AllocateTensors());
    CHECK(allocator->used_bytes() > small && total.arena_used_bytes() == tiny.arena_used_bytes());
    CHECK(total.output(0)->dims->size == 0);
    for (int seed = 1; seed <= 2; seed++) {
        TF_LITE_ENSURE_STATUS(Run("tiny", tiny, seed));
        int8_t sums[4];
        (void)memcpy(sums, tiny.output(0)->data.raw, sizeof sums);
        (void)memcpy(total.input(0)->data.raw, sums, sizeof sums);
        TF_LITE_ENSURE_STATUS(total.Invoke());
        print("total: %ld\n", static_cast<long>(*total.typed_output_tensor<int32_t>(0)));
    }
    return kTfLiteOk;
}

/* As written before 2022. */
TfLiteStatus ErrorReporters()
{
    tflite::MicroErrorReporter micro_error_reporter;
    tflite::ErrorReporter *error_reporter = &micro_error_reporter;
    tflite::AllOpsResolver resolver;
    tflite::MicroInterpreter interpreter(tflite::GetModel(g_tiny_model_data), resolver, tensor_arena, kTensorArenaSize,
                                         error_reporter);
    TF_LITE_REPORT_ERROR(error_reporter, "a report of %d", 42);
    TF_LITE_ENSURE_STATUS(interpreter.AllocateTensors());
    return Run("with a reporter", interpreter, 5);
}

/* --- wrong use --- */

void WrongModels()
{
    tflite::AllOpsResolver resolver;
    alignas(16) static const unsigned char file[32] = {0x1c, 0, 0, 0, 'T', 'F', 'L', '3'};
    CHECK(tflite::GetModel(file)->version() != TFLITE_SCHEMA_VERSION);
    tflite::MicroInterpreter foreign(tflite::GetModel(file), resolver, tensor_arena, kTensorArenaSize);
    CHECK(foreign.initialization_status() == kTfLiteError && foreign.AllocateTensors() == kTfLiteError);
    CHECK(foreign.Invoke() == kTfLiteError && foreign.input(0) == nullptr && foreign.inputs_size() == 0);
    tflite::MicroInterpreter none(tflite::GetModel(nullptr), resolver, tensor_arena, kTensorArenaSize);
    CHECK(none.AllocateTensors() == kTfLiteError && none.outputs_size() == 0);
}

TfLiteStatus AllocateIn(uint8_t *arena, size_t size)
{
    tflite::AllOpsResolver resolver;
    tflite::MicroInterpreter interpreter(tflite::GetModel(g_tiny_model_data), resolver, arena, size);
    const TfLiteStatus status = interpreter.AllocateTensors();
    CHECK((status == kTfLiteOk) == (interpreter.input(0) != nullptr));
    CHECK(interpreter.arena_used_bytes() == (status == kTfLiteOk ? size : 0));
    return status;
}

void WrongArenas()
{
    CHECK(AllocateIn(tensor_arena, 55) == kTfLiteError);
    CHECK(AllocateIn(tensor_arena + 1, 3) == kTfLiteError);
    CHECK(AllocateIn(tensor_arena + 1, 62) == kTfLiteError);
    CHECK(AllocateIn(tensor_arena + 1, 63) == kTfLiteOk);
    CHECK(AllocateIn(nullptr, 63) == kTfLiteError);
    CHECK(tflite::MicroAllocator::Create(tensor_arena, 4) == nullptr);
    CHECK(tflite::MicroAllocator::Create(nullptr, 400) == nullptr);
    tflite::AllOpsResolver resolver;
    tflite::MicroAllocator *const none = nullptr;
    tflite::MicroInterpreter interpreter(tflite::GetModel(g_tiny_model_data), resolver, none);
    CHECK(interpreter.Invoke() == kTfLiteError && interpreter.arena_used_bytes() == 0);
}

void WrongData()
{
    tflite::AllOpsResolver resolver;
    const tflite::Model *const model = tflite::GetModel(g_tiny_model_data);
    tflite::MicroInterpreter interpreter(model, resolver, tensor_arena, kTensorArenaSize);
    CHECK(interpreter.Invoke() == kTfLiteOk); /* allocates */
    interpreter.output(1)->data.raw++;
    CHECK(interpreter.Invoke() == kTfLiteError);
    interpreter.output(1)->data.raw = nullptr;
    CHECK(interpreter.Invoke() == kTfLiteError);

    /* Its buffers are the application's. */
    tflite::MicroInterpreter outside(tflite::GetModel(outside_tflite), resolver, tensor_arena, kTensorArenaSize);
    CHECK(outside_tflite_len >= 16 && outside.AllocateTensors() == kTfLiteOk);
    CHECK(outside.Invoke() == kTfLiteError && outside.input(0)->data.raw == nullptr);
}

void WrongOperators()
{
    tflite::MicroMutableOpResolver<2> two;
    CHECK(two.AddRelu() == kTfLiteOk && two.AddRelu() == kTfLiteError);
    CHECK(two.AddCustom(nullptr, nullptr) == kTfLiteError && two.AddCustom("one", nullptr) == kTfLiteOk);
    CHECK(two.AddAdd() == kTfLiteError && two.GetRegistrationLength() == 2);
}
} // namespace

int main()
{
    tflite::InitializeTarget();
    CHECK(OneModel() == kTfLiteOk);
    CHECK(Tensors() == kTfLiteOk);
    CHECK(ProfileMemoryAndLatency() == kTfLiteOk);
    CHECK(TwoModelsInOneArena() == kTfLiteOk);
    CHECK(ErrorReporters() == kTfLiteOk);
    WrongModels();
    WrongArenas();
    WrongData();
    WrongOperators();
    MicroPrintf("~~~%s~~~", "ALL TESTS PASSED");
    finish();
    return 0;
}
