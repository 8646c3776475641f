/* SPDX-License-Identifier: Apache-2.0 */
/* C++ types as TensorFlow Lite's. */
#ifndef TVM_STM32_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H
#define TVM_STM32_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H

#include "core/c/common.h"

namespace tflite {

template <typename T> constexpr TfLiteType typeToTfLiteType()
{
    return kTfLiteNoType;
}
template <> constexpr TfLiteType typeToTfLiteType<float>()
{
    return kTfLiteFloat32;
}
template <> constexpr TfLiteType typeToTfLiteType<int32_t>()
{
    return kTfLiteInt32;
}
template <> constexpr TfLiteType typeToTfLiteType<uint8_t>()
{
    return kTfLiteUInt8;
}
template <> constexpr TfLiteType typeToTfLiteType<int16_t>()
{
    return kTfLiteInt16;
}
template <> constexpr TfLiteType typeToTfLiteType<int8_t>()
{
    return kTfLiteInt8;
}
template <> constexpr TfLiteType typeToTfLiteType<bool>()
{
    return kTfLiteBool;
}
template <> constexpr TfLiteType typeToTfLiteType<int64_t>()
{
    return kTfLiteInt64;
}

} // namespace tflite

#endif /* TVM_STM32_TFLM_PORTABLE_TYPE_TO_TFLITETYPE_H */
