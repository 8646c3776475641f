/* SPDX-License-Identifier: Apache-2.0 */
/* A list of all operators, which here costs nothing. */
#ifndef TVM_STM32_TFLM_ALL_OPS_RESOLVER_H
#define TVM_STM32_TFLM_ALL_OPS_RESOLVER_H

#include "micro_mutable_op_resolver.h"

namespace tflite {

class AllOpsResolver : public MicroOpResolver {
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_ALL_OPS_RESOLVER_H */
