/* SPDX-License-Identifier: Apache-2.0 */
/* The application's clock. The library has one that stands still, for applications without. */
#ifndef TVM_STM32_TFLM_MICRO_TIME_H
#define TVM_STM32_TFLM_MICRO_TIME_H

#include <stdint.h>

namespace tflite {

uint32_t ticks_per_second();
uint32_t GetCurrentTimeTicks();

inline uint32_t TicksToMs(int32_t ticks)
{
    const uint32_t rate = ticks_per_second();
    return rate == 0 ? 0 : static_cast<uint32_t>(static_cast<uint64_t>(ticks) * 1000 / rate);
}

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_TIME_H */
