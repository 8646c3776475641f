# SPDX-License-Identifier: Apache-2.0
"""Three small compiled models made by hand, so that what comes after the compiler is tested without it.

``tiny`` has two inputs, two outputs, parameters of every type, scratch memory and every form of quantization;
``total`` has no parameters and a scalar output; ``mirror`` has no activations.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from tvm_stm32.codegen.compiled_model import (
    Argument,
    Call,
    CompiledModel,
    CompiledTensor,
    Kernel,
    KernelParameter,
    Microkernel,
    Parameter,
    Settings,
    TensorQuantization,
)

WEIGHTS = np.array([3, -2], np.int8)
BIAS = np.array([-7, 100000], np.int32)
SHIFTS = np.array([0, 10], np.int16)
SCALES = np.array([0.1, -1e-10], np.float32)

SCALE_BODY = """\
{
  for (int32_t i = 0; i < 8; ++i) {
    int32_t value = x[i] * weights[i & 1] * (1 << shifts[i & 1]) + bias[i & 1];
    y[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
  }
}
"""

SATURATE = """\
/* value, or the nearest int8. */
static int8_t {name}_saturate(int32_t value)
{{
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}}
"""

ADD_BODY = """\
{{
  for (int32_t i = 0; i < 8; ++i) {{
    int32_t value = ((int32_t)a[i]) + ((int32_t)b[i]);

    y[i] = {name}_saturate(value);
  }}
}}
"""

RUNNING_SUM_BODY = """\
{
  sums[0] = 0;
  for (int32_t i = 0; i < 8; ++i) {
    sums[i + 1] = sums[i] + x[i];
  }
  for (int32_t i = 0; i < 8; ++i) {
    y[i] = (int8_t)(sums[i + 1] / 8);
  }
}
"""

DEQUANTIZE_BODY = """\
{
  for (int32_t i = 0; i < 8; ++i) {
    y[i] = (float)x[i] * scales[0] + scales[1];
  }
}
"""

TOTAL_BODY = """\
{
  y[0] = 0;
  for (int32_t i = 0; i < 4; ++i) {
    y[0] += x[i];
  }
}
"""

MIRROR_BODY = """\
{
  for (int32_t i = 0; i < 3; ++i) {
    y[i] = x[2 - i];
  }
}
"""


def tiny(name: str = "tiny", inputs: str = "arena", outputs: str = "arena", float_abi: str = "any") -> CompiledModel:
    """``y0 = running_sum(x0 * weights + bias + x1) / 8`` in int8, ``y1 = scales[0] * y0 + scales[1]`` in float32."""
    shape = [1, 2, 2, 2]
    in_pool, in_first, in_second = ("activations", 24, 8) if inputs == "arena" else ("application", -1, -1)
    out_pool, out_first, out_second = ("activations", 44, 0) if outputs == "arena" else ("application", -1, -1)
    whole = TensorQuantization([0.5], [-128])
    channels = TensorQuantization([0.25, 0.125], [0, 3], 3)
    return CompiledModel(
        settings=Settings(name, "balanced", "cortex-m4", "STM32F405RGT6", float_abi, inputs, outputs),
        source="tiny model.tflite",
        signature="0123456789abcdef" * 4,
        description="TFLite, int8",
        inputs=["input_0", "input_1"],
        outputs=["output_0", "output_1"],
        tensors=[
            CompiledTensor("x:0", "input_0", "int8", shape, 8, whole, in_pool, in_first, 0, 0),
            CompiledTensor("side", "input_1", "int8", shape, 8, channels, in_pool, in_second, 0, 1),
            CompiledTensor("scaled", "tensor_2", "int8", shape, 8, whole, "activations", 16, 0, 1),
            CompiledTensor("added", "tensor_3", "int8", shape, 8, whole, "activations", 0, 1, 2),
            CompiledTensor("sums", "output_0", "int8", shape, 8, channels, out_pool, out_first, 2, 3),
            CompiledTensor("real", "output_1", "float32", shape, 32, None, out_pool, out_second, 3, 3),
        ],
        parameters=[
            Parameter("scale_0_weights", "int8", WEIGHTS.tobytes(), 2, "body/scale: one per channel"),
            Parameter("scale_0_shifts", "int16", SHIFTS.tobytes(), 2, "body/scale: one per channel"),
            Parameter("scale_0_bias", "int32", BIAS.tobytes(), 2, "body/scale: one per channel"),
            Parameter("dequantize_3_scales", "float32", SCALES.tobytes(), 2, "head: scale, offset"),
        ],
        microkernels=[Microkernel(f"{name}_saturate", SATURATE.format(name=name))],
        kernels=[
            Kernel(
                f"{name}_scale_0",
                [
                    KernelParameter("int8_t", "x", True),
                    KernelParameter("int8_t", "weights", True),
                    KernelParameter("int16_t", "shifts", True),
                    KernelParameter("int32_t", "bias", True),
                    KernelParameter("int8_t", "y", False),
                ],
                SCALE_BODY,
                "scale: x [2, 2, 2], y [2, 2, 2]\ny = x * weights * 2^shifts + bias, clamped",
                [],
            ),
            Kernel(
                f"{name}_add_0",
                [
                    KernelParameter("int8_t", "a", True),
                    KernelParameter("int8_t", "b", True),
                    KernelParameter("int8_t", "y", False),
                ],
                ADD_BODY.format(name=name),
                "add: y = a + b, clamped",
                [],
            ),
            Kernel(
                f"{name}_running_sum_0",
                [
                    KernelParameter("int8_t", "x", True),
                    KernelParameter("int32_t", "sums", False),
                    KernelParameter("int8_t", "y", False),
                ],
                RUNNING_SUM_BODY,
                "running_sum: sums of x up to each element, by 8",
                [],
            ),
            Kernel(
                f"{name}_dequantize_0",
                [
                    KernelParameter("int8_t", "x", True),
                    KernelParameter("float", "scales", True),
                    KernelParameter("float", "y", False),
                ],
                DEQUANTIZE_BODY,
                "dequantize: y = x * scale + offset",
                [],
            ),
        ],
        calls=[
            Call(
                f"{name}_scale_0",
                [
                    Argument("tensor", "input_0"),
                    Argument("parameter", "scale_0_weights"),
                    Argument("parameter", "scale_0_shifts"),
                    Argument("parameter", "scale_0_bias"),
                    Argument("tensor", "tensor_2"),
                ],
                "body/scale",
                "MUL",
                "scale",
                8,
            ),
            Call(
                f"{name}_add_0",
                [Argument("tensor", "tensor_2"), Argument("tensor", "input_1"), Argument("tensor", "tensor_3")],
                "body/add",
                "ADD",
                "add",
                0,
            ),
            Call(
                f"{name}_running_sum_0",
                [
                    Argument("tensor", "tensor_3"),
                    Argument("scratch", "scratch_2_0", 8, 36),
                    Argument("tensor", "output_0"),
                ],
                "body/sum",
                "CUMSUM",
                "running_sum",
                0,
            ),
            Call(
                f"{name}_dequantize_0",
                [
                    Argument("tensor", "output_0"),
                    Argument("parameter", "dequantize_3_scales"),
                    Argument("tensor", "output_1"),
                ],
                "head",
                "DEQUANTIZE",
                "dequantize",
                8,
            ),
        ],
        activations_size=56,
        activations_alignment=8,
        lower_bound=52,
        versions={"tvm_stm32": "1.2.3", "apache-tvm": "4.5.6"},
        notes=["input 'x:0': dynamic batch bound to 1"],
    )


def tiny_reference(x: npt.NDArray[np.int8], side: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.int8], list[float]]:
    """What ``tiny`` computes from two arrays of eight."""
    columns = np.arange(8) % 2
    scaled = x.astype(np.int64) * WEIGHTS[columns] * (1 << SHIFTS[columns].astype(np.int64)) + BIAS[columns]
    added = np.clip(np.clip(scaled, -128, 127) + side, -128, 127)
    sums = np.trunc(np.cumsum(added) / 8).astype(np.int8)
    return sums, [float(np.float32(np.float32(value) * SCALES[0]) + SCALES[1]) for value in sums]


def total(name: str = "total") -> CompiledModel:
    """The sum of four int8 as an int32 scalar; no parameters, no quantization."""
    parameters = [KernelParameter("int8_t", "x", True), KernelParameter("int32_t", "y", False)]
    arguments = [Argument("tensor", "input_0"), Argument("tensor", "output_0")]
    return CompiledModel(
        settings=Settings(name, "ram", "cortex-m0plus", "", "any", "arena", "arena"),
        source="total.onnx",
        signature="f" * 64,
        description="ONNX, int8",
        inputs=["input_0"],
        outputs=["output_0"],
        tensors=[
            CompiledTensor("values", "input_0", "int8", [4], 4, None, "activations", 0, 0, 0),
            CompiledTensor("sum", "output_0", "int32", [], 4, None, "activations", 4, 0, 0),
        ],
        parameters=[],
        microkernels=[],
        kernels=[Kernel(f"{name}_total_0", parameters, TOTAL_BODY, "total: y = sum of x [4]", [])],
        calls=[Call(f"{name}_total_0", arguments, "sum", "ReduceSum", "total", 0)],
        activations_size=8,
        activations_alignment=4,
        lower_bound=8,
        versions={"tvm_stm32": "1.2.3"},
        notes=[],
    )


def mirror(name: str = "mirror") -> CompiledModel:
    """Three int8 in reverse order, from one of the application's buffers to another; no activations at all."""
    parameters = [KernelParameter("int8_t", "x", True), KernelParameter("int8_t", "y", False)]
    arguments = [Argument("tensor", "input_0"), Argument("tensor", "output_0")]
    base = total(name)
    return msgspec.structs.replace(
        base,
        settings=msgspec.structs.replace(base.settings, inputs="application", outputs="application"),
        source="mirror.onnx",
        tensors=[
            CompiledTensor("forth", "input_0", "int8", [3], 3, None, "application", -1, 0, 0),
            CompiledTensor("back", "output_0", "int8", [3], 3, None, "application", -1, 0, 0),
        ],
        kernels=[Kernel(f"{name}_mirror_0", parameters, MIRROR_BODY, "mirror: y[i] = x[2 - i]", [])],
        calls=[Call(f"{name}_mirror_0", arguments, "mirror", "ReverseSequence", "mirror", 0)],
        activations_size=0,
        lower_bound=0,
    )
