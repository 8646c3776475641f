/* SPDX-License-Identifier: Apache-2.0 */
/* For clients that include it: packed functions are described by c_backend_api.h. */
#ifndef TVM_STM32_CRT_PACKED_FUNC_H
#define TVM_STM32_CRT_PACKED_FUNC_H

#include "../c_backend_api.h"
#include "func_registry.h"
#include "platform.h"

#endif /* TVM_STM32_CRT_PACKED_FUNC_H */
