/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled model under the name of the file it was made from. */
#ifndef TVM_STM32_TFLM_SCHEMA_GENERATED_H
#define TVM_STM32_TFLM_SCHEMA_GENERATED_H

#include "../micro/kernels/micro_ops.h"
#include "../micro/tvm_ai_tflm.h"
#include "../version.h"

namespace tflite {

/* What g_<model>_model_data points to. */
class Model : public tvm_ai_tflm_model {
  public:
    /* TFLITE_SCHEMA_VERSION; 0 for anything but a compiled model, such as the bytes of a .tflite file. */
    uint32_t version() const
    {
        return tvm_ai_tflm_is_model(this) ? TFLITE_SCHEMA_VERSION : 0;
    }
};

inline const Model *GetModel(const void *buf)
{
    return static_cast<const Model *>(static_cast<const tvm_ai_tflm_model *>(buf));
}

} // namespace tflite

#endif /* TVM_STM32_TFLM_SCHEMA_GENERATED_H */
