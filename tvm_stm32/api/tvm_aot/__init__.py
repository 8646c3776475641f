# SPDX-License-Identifier: Apache-2.0
"""The embedded C interface of TVM's ahead-of-time executor: ``tvmgen_<model>_run``."""

from __future__ import annotations

from tvm_stm32.api.layer import Layer

_HEADERS = (
    "dlpack/dlpack.h",
    "tvm/runtime/c_backend_api.h",
    "tvm/runtime/c_runtime_api.h",
    "tvm/runtime/crt/crt.h",
    "tvm/runtime/crt/error_codes.h",
    "tvm/runtime/crt/func_registry.h",
    "tvm/runtime/crt/logging.h",
    "tvm/runtime/crt/packed_func.h",
    "tvm/runtime/crt/platform.h",
    "tvm/runtime/crt/stack_allocator.h",
)

TVM_AOT = Layer(
    name="tvm-aot",
    templates={
        "tvmgen_@.h": "templates/model.h.j2",
        "tvmgen_@_constants.h": "templates/constants.h.j2",
        "tvmgen_@_functions.h": "templates/functions.h.j2",
        "@_tvm_aot.c": "templates/model.c.j2",
        "@_tvm_aot_functions.c": "templates/functions.c.j2",
    },
    runtime={
        **{header: f"include/{header}" for header in _HEADERS},
        "tvm_ai_tvm_aot.h": "include/tvm_ai_tvm_aot.h",
        "tvm_ai_tvm_aot.c": "src/tvm_ai_tvm_aot.c",
        "tvm_ai_tvm_aot_memory.c": "src/tvm_ai_tvm_aot_memory.c",
        "tvm_ai_tvm_aot_registry.c": "src/tvm_ai_tvm_aot_registry.c",
    },
)
