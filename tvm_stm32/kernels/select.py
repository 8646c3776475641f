# SPDX-License-Identifier: Apache-2.0
"""Which kernel family implements which operator."""

from __future__ import annotations

from collections.abc import Callable

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.concat import implement_concat
from tvm_stm32.kernels.conv2d import implement_conv2d, implement_fully_connected
from tvm_stm32.kernels.copy import implement_copy
from tvm_stm32.kernels.depthwise import implement_depthwise
from tvm_stm32.kernels.elementwise_rules import implement_add, implement_extremum, implement_mul
from tvm_stm32.kernels.fast import implement_fast
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.mean import implement_mean
from tvm_stm32.kernels.narrow import Ranges
from tvm_stm32.kernels.nonlinear import implement_nonlinear
from tvm_stm32.kernels.onnx.select import FAMILIES as ONNX_FAMILIES
from tvm_stm32.kernels.pad import implement_pad
from tvm_stm32.kernels.pointwise_rules import implement_clamp, implement_dequantize, implement_quantize
from tvm_stm32.kernels.pool_rules import implement_pool
from tvm_stm32.kernels.softmax import implement_softmax
from tvm_stm32.kernels.target import Target
from tvm_stm32.kernels.transpose import implement_transpose
from tvm_stm32.model.describe import describe_operator
from tvm_stm32.model.network import (
    Add,
    Arithmetic,
    Attributes,
    Clamp,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Dequantize,
    Extremum,
    FullyConnected,
    Mean,
    Mul,
    Network,
    Nonlinear,
    Operator,
    Pad,
    Pool2D,
    Quantize,
    Reshape,
    Softmax,
    Sub,
    Transpose,
)

Implement = Callable[[Network, Operator], Implementation]

#: arithmetics of TensorFlow Lite files
_TFLITE = (Arithmetic.TFLITE, Arithmetic.FLOAT)

#: operators with weights, of every arithmetic, whose kernels depend on the core
_WEIGHTED: dict[type[Attributes], Callable[[Network, Operator, Target, Ranges], Implementation]] = {
    Conv2D: implement_conv2d,
    DepthwiseConv2D: implement_depthwise,
    FullyConnected: implement_fully_connected,
}
#: the others by operator and arithmetic
_FAMILIES: dict[type[Attributes], dict[Arithmetic, Implement]] = {
    Add: dict.fromkeys(_TFLITE, implement_add),
    Sub: dict.fromkeys(_TFLITE, implement_add),
    Mul: dict.fromkeys(_TFLITE, implement_mul),
    Extremum: dict.fromkeys(_TFLITE, implement_extremum),
    Mean: dict.fromkeys(_TFLITE, implement_mean),
    Pool2D: dict.fromkeys(Arithmetic, implement_pool),
    Softmax: dict.fromkeys(_TFLITE, implement_softmax),
    Clamp: dict.fromkeys(_TFLITE, implement_clamp),
    Nonlinear: dict.fromkeys(_TFLITE, implement_nonlinear),
    Pad: dict.fromkeys(Arithmetic, implement_pad),
    Concat: dict.fromkeys(Arithmetic, implement_concat),
    Quantize: {Arithmetic.TFLITE: implement_quantize},
    Dequantize: {Arithmetic.TFLITE: implement_dequantize},
    Transpose: dict.fromkeys(Arithmetic, implement_transpose),
    Reshape: dict.fromkeys(Arithmetic, implement_copy),
}


def implement(network: Network, operator: Operator, target: Target, ranges: Ranges | None = None) -> Implementation:
    """The kernel for `operator`; `ranges` are those of its network's values, where they are known.

    Raises:
        ModelError: no kernel computes this operator for these types.
    """
    kind = type(operator.attributes)
    fast = implement_fast(network, operator, target, ranges or {}) if target.dsp else None
    if fast is not None:
        return fast
    if kind in _WEIGHTED:
        return _WEIGHTED[kind](network, operator, target, ranges or {})
    family = ONNX_FAMILIES.get(kind) if operator.arithmetic is Arithmetic.ONNX else None
    family = family or _FAMILIES.get(kind, {}).get(operator.arithmetic)
    if family is None:
        raise ModelError(
            f"no kernel for {describe_operator(network, operator)}",
            where=f"layer {operator.name}",
            hint="replace the operator in the model, or keep this layer out of the part that is compiled",
        )
    return family(network, operator)
