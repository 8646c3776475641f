/* SPDX-License-Identifier: Apache-2.0 */
/* A list of operators, of a length that the application chooses. */
#ifndef TVM_STM32_TFLM_MICRO_MUTABLE_OP_RESOLVER_H
#define TVM_STM32_TFLM_MICRO_MUTABLE_OP_RESOLVER_H

#include <string.h>

#include "micro_log.h"
#include "micro_op_resolver.h"

namespace tflite {

template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver {
  public:
    /* kTfLiteError: the operator is in the list already, or the list is full. */
#define TVM_STM32_TFLM_ADD(name, constant, number) \
    TfLiteStatus Add##name(const TFLMRegistration & = TFLMRegistration()) \
    { \
        return add(number, nullptr); \
    }
    TVM_STM32_TFLM_OPERATORS(TVM_STM32_TFLM_ADD)
#undef TVM_STM32_TFLM_ADD

    TfLiteStatus AddCustom(const char *name, const TFLMRegistration *)
    {
        return name == nullptr ? kTfLiteError : add(BuiltinOperator_CUSTOM, name);
    }
    TfLiteStatus AddDetectionPostprocess()
    {
        return add(BuiltinOperator_CUSTOM, "TFLite_Detection_PostProcess");
    }
    TfLiteStatus AddCircularBuffer()
    {
        return add(BuiltinOperator_CUSTOM, "CIRCULAR_BUFFER");
    }
    TfLiteStatus AddEthosU()
    {
        return add(BuiltinOperator_CUSTOM, "ethos-u");
    }

    unsigned int GetRegistrationLength() const
    {
        return count_;
    }

  private:
    TfLiteStatus add(int32_t code, const char *name)
    {
        for (unsigned int i = 0; i < count_; i++) {
            if (codes_[i] == code && (name == nullptr || strcmp(names_[i], name) == 0)) {
                MicroPrintf("Operator %ld was added before", static_cast<long>(code));
                return kTfLiteError;
            }
        }
        if (count_ >= tOpCount) {
            MicroPrintf("Operator %ld: the resolver is full with %u", static_cast<long>(code), count_);
            return kTfLiteError;
        }
        codes_[count_] = code;
        names_[count_++] = name;
        return kTfLiteOk;
    }

    int32_t codes_[tOpCount] = {};
    const char *names_[tOpCount] = {};
    unsigned int count_ = 0;
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_MUTABLE_OP_RESOLVER_H */
