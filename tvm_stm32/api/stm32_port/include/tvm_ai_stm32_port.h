/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the stm32-port layer: what every model's functions call. Not for applications. */
#ifndef TVM_AI_STM32_PORT_H
#define TVM_AI_STM32_PORT_H

#include "../../tvm_ai.h"
#include "ai_runtime_api.h"

/* The only instance of a model, which a handle points to; zeros at first. */
typedef struct tvm_ai_stm32_port_context {
    struct tvm_ai_stm32_port_context *next; /* of those that a handle was given for */
    const ai_model_info *info;              /* null: none was */
    const char *error;
    tvm_ai_instance instance;
} tvm_ai_stm32_port_context;

/* Lets ai_model_iterator_* find a model: its linker gathers the addresses of all. */
#define TVM_AI_STM32_PORT_MODEL(info) \
    __attribute__((section("tvm_ai_stm32_port_models"), used)) static const ai_model_info *const listed = &(info)

/* The functions of ai_<model>_*. */
ai_status tvm_ai_stm32_port_create(const ai_model_info *info, const tvm_ai_model *model, const void *weights,
                                   void *activations);
ai_status tvm_ai_stm32_port_run(const ai_model_info *info, ai_tensor *const inputs[], ai_tensor *const outputs[]);
ai_status tvm_ai_stm32_port_destroy(const ai_model_info *info);

#endif /* TVM_AI_STM32_PORT_H */
