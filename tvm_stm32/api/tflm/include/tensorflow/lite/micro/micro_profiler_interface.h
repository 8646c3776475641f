/* SPDX-License-Identifier: Apache-2.0 */
/* Whom an interpreter tells of each operator of a run. */
#ifndef TVM_STM32_TFLM_MICRO_PROFILER_INTERFACE_H
#define TVM_STM32_TFLM_MICRO_PROFILER_INTERFACE_H

#include <stdint.h>

#include "compatibility.h"

namespace tflite {

class MicroProfilerInterface {
  public:
    virtual ~MicroProfilerInterface()
    {
    }

    /* An event begins, under a name that stays; and the one of that number ends. */
    virtual uint32_t BeginEvent(const char *tag) = 0;
    virtual void EndEvent(uint32_t event_handle) = 0;
    TF_LITE_REMOVE_VIRTUAL_DELETE
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_PROFILER_INTERFACE_H */
