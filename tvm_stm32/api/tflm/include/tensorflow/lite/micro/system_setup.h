/* SPDX-License-Identifier: Apache-2.0 */
/* The application's start of its board. The library has one that does nothing, for applications without. */
#ifndef TVM_STM32_TFLM_SYSTEM_SETUP_H
#define TVM_STM32_TFLM_SYSTEM_SETUP_H

namespace tflite {

void InitializeTarget();

} // namespace tflite

#endif /* TVM_STM32_TFLM_SYSTEM_SETUP_H */
