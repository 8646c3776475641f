/* SPDX-License-Identifier: Apache-2.0 */
/* What an application says it needs of operators. */
#ifndef TVM_STM32_TFLM_MICRO_OP_RESOLVER_H
#define TVM_STM32_TFLM_MICRO_OP_RESOLVER_H

#include "../core/c/common.h"
#include "kernels/micro_ops.h"

namespace tflite {

/* Interpreters do not ask: a compiled model has its kernels. */
class MicroOpResolver {
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_OP_RESOLVER_H */
