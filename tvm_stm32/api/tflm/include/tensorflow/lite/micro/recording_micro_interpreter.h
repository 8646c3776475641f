/* SPDX-License-Identifier: Apache-2.0 */
/* An interpreter that can print what it allocated. */
#ifndef TVM_STM32_TFLM_RECORDING_MICRO_INTERPRETER_H
#define TVM_STM32_TFLM_RECORDING_MICRO_INTERPRETER_H

#include "micro_interpreter.h"
#include "recording_micro_allocator.h"

namespace tflite {

class RecordingMicroInterpreter : public MicroInterpreter {
  public:
    RecordingMicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *tensor_arena,
                              size_t tensor_arena_size, MicroResourceVariables *variables = nullptr,
                              MicroProfilerInterface *profiler = nullptr)
        : RecordingMicroInterpreter(model, resolver, RecordingMicroAllocator::Create(tensor_arena, tensor_arena_size),
                                    variables, profiler)
    {
    }

    RecordingMicroInterpreter(const Model *model, const MicroOpResolver &resolver, RecordingMicroAllocator *allocator,
                              MicroResourceVariables *variables = nullptr, MicroProfilerInterface *profiler = nullptr)
        : MicroInterpreter(model, resolver, allocator, variables, profiler), recording_(allocator)
    {
    }

    const RecordingMicroAllocator &GetMicroAllocator() const
    {
        return *recording_;
    }

  private:
    RecordingMicroAllocator *recording_;
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_RECORDING_MICRO_INTERPRETER_H */
