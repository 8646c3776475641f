# SPDX-License-Identifier: Apache-2.0
"""The client interface of X-CUBE-AI from 7.1 on, later called legacy: ``ai_<model>_*`` and ``ai_platform.h``."""

from __future__ import annotations

from tvm_stm32.api.layer import Layer

X_CUBE_AI = Layer(
    name="x-cube-ai",
    templates={
        "@.h": "templates/model.h.j2",
        "@_config.h": "templates/config.h.j2",
        "@_data.h": "templates/data.h.j2",
        "@_data_params.h": "templates/data_params.h.j2",
        "@_x_cube_ai.c": "templates/model.c.j2",
    },
    runtime={
        "ai_platform.h": "include/ai_platform.h",
        "ai_platform_interface.h": "include/ai_platform_interface.h",
        "ai_datatypes_defines.h": "include/ai_datatypes_defines.h",
        "tvm_ai_x_cube_ai.h": "include/tvm_ai_x_cube_ai.h",
        "tvm_ai_x_cube_ai.c": "src/tvm_ai_x_cube_ai.c",
        "tvm_ai_x_cube_ai_observer.c": "src/tvm_ai_x_cube_ai_observer.c",
    },
    observes=True,
    excludes=("stm32-port",),
)
