# SPDX-License-Identifier: Apache-2.0
"""The interface of the STM32 port that TVM once had (apache/tvm #7742): ``ai_create`` ... ``ai_model_iterator_*``."""

from __future__ import annotations

from tvm_stm32.api.layer import Layer

STM32_PORT = Layer(
    name="stm32-port",
    templates={
        "@.h": "templates/model.h.j2",
        "@_data.h": "templates/data.h.j2",
        "@_stm32_port.c": "templates/model.c.j2",
    },
    runtime={
        "ai_runtime_api.h": "include/ai_runtime_api.h",
        "dlpack/dlpack.h": "../tvm_aot/include/dlpack/dlpack.h",
        "tvm_ai_stm32_port.h": "include/tvm_ai_stm32_port.h",
        "tvm_ai_stm32_port.c": "src/tvm_ai_stm32_port.c",
    },
    excludes=("x-cube-ai",),
    keeps=("@_network",),
)
