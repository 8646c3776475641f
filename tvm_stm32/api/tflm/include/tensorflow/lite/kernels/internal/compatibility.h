/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions that end the program where they do not hold. */
#ifndef TVM_STM32_TFLM_KERNELS_COMPATIBILITY_H
#define TVM_STM32_TFLM_KERNELS_COMPATIBILITY_H

#if defined(__arm__)
namespace tflite {

/* Until somebody looks with a debugger, or the watchdog barks: the C library's abort needs an operating system. */
[[noreturn]] inline void Halt()
{
    for (volatile bool halted = true;;) {
        (void)halted;
    }
}

} // namespace tflite
#define TFLITE_ABORT tflite::Halt()
#else
#include <stdlib.h>
#define TFLITE_ABORT abort()
#endif

#define TFLITE_CHECK(x) ((x) ? static_cast<void>(0) : TFLITE_ABORT)
#define TFLITE_CHECK_EQ(x, y) TFLITE_CHECK((x) == (y))
#define TFLITE_CHECK_NE(x, y) TFLITE_CHECK((x) != (y))
#define TFLITE_CHECK_GE(x, y) TFLITE_CHECK((x) >= (y))
#define TFLITE_CHECK_GT(x, y) TFLITE_CHECK((x) > (y))
#define TFLITE_CHECK_LE(x, y) TFLITE_CHECK((x) <= (y))
#define TFLITE_CHECK_LT(x, y) TFLITE_CHECK((x) < (y))
#if defined(NDEBUG)
#define TFLITE_DCHECK(x) static_cast<void>(0)
#else
#define TFLITE_DCHECK(x) TFLITE_CHECK(x)
#endif
#define TFLITE_DCHECK_EQ(x, y) TFLITE_DCHECK((x) == (y))
#define TFLITE_DCHECK_NE(x, y) TFLITE_DCHECK((x) != (y))
#define TFLITE_DCHECK_GE(x, y) TFLITE_DCHECK((x) >= (y))
#define TFLITE_DCHECK_GT(x, y) TFLITE_DCHECK((x) > (y))
#define TFLITE_DCHECK_LE(x, y) TFLITE_DCHECK((x) <= (y))
#define TFLITE_DCHECK_LT(x, y) TFLITE_DCHECK((x) < (y))

#endif /* TVM_STM32_TFLM_KERNELS_COMPATIBILITY_H */
