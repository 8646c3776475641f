/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter of TensorFlow Lite for Microcontrollers, around a compiled model. */
#ifndef TVM_STM32_TFLM_MICRO_INTERPRETER_H
#define TVM_STM32_TFLM_MICRO_INTERPRETER_H

#include "../core/api/error_reporter.h"
#include "../kernels/internal/compatibility.h"
#include "../kernels/internal/tensor_ctypes.h"
#include "../portable_type_to_tflitetype.h"
#include "../schema/schema_generated.h"
#include "micro_allocator.h"
#include "micro_op_resolver.h"
#include "micro_profiler_interface.h"
#include "micro_resource_variable.h"

namespace tflite {

/* Numbers of tensors, for MicroInterpreter::tensor. */
struct TensorNumbers {
    int32_t first;
    size_t count;

    size_t size() const
    {
        return count;
    }
    int32_t operator[](size_t index) const
    {
        return first + static_cast<int32_t>(index);
    }
    int32_t Get(size_t index) const
    {
        return (*this)[index];
    }
};

/*
 * Where from: the main program, tasks, and interrupt handlers of any priority. Different interpreters, of one model
 * too, may interrupt each other, Invoke included, provided they have an arena each and no MicroAllocator in common. On
 * one interpreter calls must not overlap, but for functions that are const, which only read.
 */
class MicroInterpreter {
  public:
    /* Model, arena and profiler must live as long as the interpreter. */
    MicroInterpreter(const Model *model, const MicroOpResolver &, uint8_t *tensor_arena, size_t tensor_arena_size,
                     MicroResourceVariables * = nullptr, MicroProfilerInterface *profiler = nullptr, bool = false)
        : model_(model), arena_(tensor_arena), size_(tensor_arena_size), profiler_(profiler)
    {
        check();
    }

    MicroInterpreter(const Model *model, const MicroOpResolver &, MicroAllocator *allocator,
                     MicroResourceVariables * = nullptr, MicroProfilerInterface *profiler = nullptr)
        : model_(model), allocator_(allocator), profiler_(profiler)
    {
        if (allocator != nullptr) {
            arena_ = allocator->arena();
            size_ = allocator->size();
        }
        check();
    }

    /* With an ErrorReporter, as before 2022; a template, so that it does not take a nullptr that means no variables. */
    template <class Reporter, class = decltype(static_cast<ErrorReporter *>(static_cast<Reporter *>(nullptr)))>
    MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *tensor_arena,
                     size_t tensor_arena_size, Reporter *, MicroResourceVariables *variables = nullptr,
                     MicroProfilerInterface *profiler = nullptr)
        : MicroInterpreter(model, resolver, tensor_arena, tensor_arena_size, variables, profiler)
    {
    }

    MicroInterpreter(const MicroInterpreter &) = delete;
    MicroInterpreter &operator=(const MicroInterpreter &) = delete;

    /* kTfLiteError: no model, or one of another version; no arena, or one that is too small. */
    TfLiteStatus AllocateTensors()
    {
        if (initialization_status_ != kTfLiteOk) {
            return initialization_status_;
        }
        const TfLiteStatus status = tvm_ai_tflm_allocate(&self_, model_, arena_, size_);
        if (status != kTfLiteOk) {
            MicroPrintf("Failed to allocate tensors: %s needs %lu bytes, the arena has %lu", model_->model->name,
                        static_cast<unsigned long>(model_->model->activations_size),
                        static_cast<unsigned long>(size_));
        } else if (allocator_ != nullptr) {
            allocator_->use(self_.used);
        }
        return status;
    }

    /* kTfLiteError: data of a tensor is null or misaligned. Tensors are allocated if they were not. */
    TfLiteStatus Invoke()
    {
        if (self_.used == 0) {
            TF_LITE_ENSURE_STATUS(AllocateTensors());
        }
        if (profiler_ == nullptr || model_->observable == nullptr) {
            return tvm_ai_tflm_invoke(&self_, nullptr, nullptr);
        }
        Profile profile{profiler_, 0};
        const tvm_ai_observer observer{notify, &profile};
        return tvm_ai_tflm_invoke(&self_, model_->observable, &observer);
    }

    /* Tensors, and nullptr for an index that is too large and before they are allocated. */
    TfLiteTensor *input(size_t index)
    {
        return tvm_ai_tflm_tensor(&self_, index, false);
    }
    TfLiteTensor *output(size_t index)
    {
        return tvm_ai_tflm_tensor(&self_, index, true);
    }
    TfLiteTensor *input_tensor(size_t index)
    {
        return input(index);
    }
    TfLiteTensor *output_tensor(size_t index)
    {
        return output(index);
    }
    size_t inputs_size() const
    {
        return initialization_status_ == kTfLiteOk ? model_->model->inputs : 0;
    }
    size_t outputs_size() const
    {
        return initialization_status_ == kTfLiteOk ? model_->model->outputs : 0;
    }

    /* The same by numbers. */
    TensorNumbers inputs() const
    {
        return {0, inputs_size()};
    }
    TensorNumbers outputs() const
    {
        return {static_cast<int32_t>(inputs_size()), outputs_size()};
    }
    TfLiteTensor *tensor(size_t number)
    {
        return number < inputs_size() ? input(number) : output(number - inputs_size());
    }

    /* Their data, and nullptr for another element type than theirs. */
    template <class T> T *typed_input_tensor(int index)
    {
        return typed<T>(input(static_cast<size_t>(index)));
    }
    template <class T> T *typed_output_tensor(int index)
    {
        return typed<T>(output(static_cast<size_t>(index)));
    }

    /* Tensors are again where AllocateTensors put them. */
    TfLiteStatus Reset()
    {
        return AllocateTensors();
    }

    TfLiteStatus initialization_status() const
    {
        return initialization_status_;
    }

    /* Bytes of the arena in use, those lost to alignment included; 0 before AllocateTensors. */
    size_t arena_used_bytes() const
    {
        return allocator_ != nullptr ? allocator_->used_bytes() : self_.used;
    }

  private:
    struct Profile {
        MicroProfilerInterface *profiler;
        uint32_t event;
    };

    static void notify(void *cookie, tvm_ai_event event, const tvm_ai_node *node)
    {
        Profile *const profile = static_cast<Profile *>(cookie);
        if (event == TVM_AI_BEFORE_NODE) {
            profile->event = profile->profiler->BeginEvent(node->operation);
        } else {
            profile->profiler->EndEvent(profile->event);
        }
    }

    template <class T> static T *typed(TfLiteTensor *tensor)
    {
        return tensor != nullptr && tensor->type == typeToTfLiteType<T>() ? GetTensorData<T>(tensor) : nullptr;
    }

    void check()
    {
        initialization_status_ = tvm_ai_tflm_is_model(model_) && arena_ != nullptr ? kTfLiteOk : kTfLiteError;
    }

    tvm_ai_tflm_interpreter self_ = {};
    const Model *model_;
    MicroAllocator *allocator_ = nullptr;
    uint8_t *arena_ = nullptr;
    size_t size_ = 0;
    MicroProfilerInterface *profiler_;
    TfLiteStatus initialization_status_ = kTfLiteError;
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_INTERPRETER_H */
