/* SPDX-License-Identifier: Apache-2.0 */
/* Classes with virtual functions, on machines without a heap. */
#ifndef TVM_STM32_TFLM_MICRO_COMPATIBILITY_H
#define TVM_STM32_TFLM_MICRO_COMPATIBILITY_H

/* Their destructors would need operator delete, and with it an allocator. */
#define TF_LITE_REMOVE_VIRTUAL_DELETE \
    void operator delete(void *) \
    { \
    }

#endif /* TVM_STM32_TFLM_MICRO_COMPATIBILITY_H */
