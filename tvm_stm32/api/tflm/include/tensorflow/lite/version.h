/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the schema. */
#ifndef TVM_STM32_TFLM_VERSION_H
#define TVM_STM32_TFLM_VERSION_H

#define TFLITE_SCHEMA_VERSION (3)

#endif /* TVM_STM32_TFLM_VERSION_H */
