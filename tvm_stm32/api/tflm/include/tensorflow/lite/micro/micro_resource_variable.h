/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of models: compiled models have none, so a client's stay empty. */
#ifndef TVM_STM32_TFLM_MICRO_RESOURCE_VARIABLE_H
#define TVM_STM32_TFLM_MICRO_RESOURCE_VARIABLE_H

#include "micro_allocator.h"

namespace tflite {

class MicroResourceVariables {
  public:
    static MicroResourceVariables *Create(MicroAllocator *, int)
    {
        static MicroResourceVariables none;
        return &none;
    }
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_RESOURCE_VARIABLE_H */
