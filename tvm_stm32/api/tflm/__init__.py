# SPDX-License-Identifier: Apache-2.0
"""The interpreter of TensorFlow Lite for Microcontrollers: C++ headers over C."""

from __future__ import annotations

from tvm_stm32.api.layer import Layer

_LITE = "tensorflow/lite"
_HEADERS = (
    "c/c_api_types.h",
    "c/common.h",
    "core/api/error_reporter.h",
    "core/c/c_api_types.h",
    "core/c/common.h",
    "kernels/internal/compatibility.h",
    "kernels/internal/tensor_ctypes.h",
    "micro/all_ops_resolver.h",
    "micro/compatibility.h",
    "micro/cortex_m_generic/debug_log_callback.h",
    "micro/debug_log.h",
    "micro/kernels/add.h",
    "micro/kernels/conv.h",
    "micro/kernels/depthwise_conv.h",
    "micro/kernels/fully_connected.h",
    "micro/kernels/micro_ops.h",
    "micro/kernels/mul.h",
    "micro/kernels/pooling.h",
    "micro/kernels/softmax.h",
    "micro/micro_allocator.h",
    "micro/micro_error_reporter.h",
    "micro/micro_interpreter.h",
    "micro/micro_log.h",
    "micro/micro_mutable_op_resolver.h",
    "micro/micro_op_resolver.h",
    "micro/micro_profiler.h",
    "micro/micro_profiler_interface.h",
    "micro/micro_resource_variable.h",
    "micro/micro_time.h",
    "micro/recording_micro_allocator.h",
    "micro/recording_micro_interpreter.h",
    "micro/system_setup.h",
    "micro/tflite_bridge/micro_error_reporter.h",
    "micro/tvm_ai_tflm.h",
    "portable_type_to_tflitetype.h",
    "schema/schema_generated.h",
    "version.h",
)

TFLM = Layer(
    name="tflm",
    templates={"@_model_data.h": "templates/model_data.h.j2", "@_tflm.c": "templates/model.c.j2"},
    runtime={
        **{f"{_LITE}/{header}": f"include/{_LITE}/{header}" for header in _HEADERS},
        "tvm_ai_tflm.c": "src/tvm_ai_tflm.c",
        "tvm_ai_tflm_callback.c": "src/tvm_ai_tflm_callback.c",
        "tvm_ai_tflm_platform.c": "src/tvm_ai_tflm_platform.c",
    },
    observes=True,
    cxx=True,
)
