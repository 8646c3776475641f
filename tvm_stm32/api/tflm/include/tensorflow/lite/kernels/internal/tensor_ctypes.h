/* SPDX-License-Identifier: Apache-2.0 */
/* Data of a tensor by element type. */
#ifndef TVM_STM32_TFLM_TENSOR_CTYPES_H
#define TVM_STM32_TFLM_TENSOR_CTYPES_H

#include "../../core/c/common.h"

namespace tflite {

template <typename T> T *GetTensorData(TfLiteTensor *tensor)
{
    return tensor != nullptr ? static_cast<T *>(tensor->data.data) : nullptr;
}

template <typename T> const T *GetTensorData(const TfLiteTensor *tensor)
{
    return tensor != nullptr ? static_cast<const T *>(tensor->data.data) : nullptr;
}

} // namespace tflite

#endif /* TVM_STM32_TFLM_TENSOR_CTYPES_H */
