# SPDX-License-Identifier: Apache-2.0
"""Clamps become part of the operator before them.

Exact for every number: a float operator clamps its result by the very functions that the clamp calls. A quantized
operator clamps by bounds rounded to values of its output. Where the clamp's input and output share that quantization,
its own bounds are rounded alike, and rounding keeps their order: the larger of two rounded bounds is the larger bound
rounded. Under `Arithmetic.ONNX` the clamp dequantizes, clamps and quantizes; a value within the bounds comes back as
it was, one beyond as the rounded bound, so that it too is a clamp by rounded bounds.
"""

from __future__ import annotations

from dataclasses import replace

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Clamp,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mul,
    Network,
    Operator,
    Pool2D,
)
from tvm_stm32.simplify.rewire import absorb, only_consumer

_FLOAT = (Conv2D, DepthwiseConv2D, FullyConnected, Add, Mul, Pool2D, Clamp)
#: of int8 those that clamp for nothing; sums of products are requantized faster where no clamp binds
_INTEGER = {Arithmetic.TFLITE: (Add, Mul, Pool2D), Arithmetic.ONNX: (Add, Mul)}


def fuse_clamps(network: Network) -> None:
    """Fuse each clamp that alone reads the result of an operator with an activation of its own."""
    for clamp in list(network.operators):
        before = network.producer(clamp.inputs[0])
        if before is not None and only_consumer(network, clamp.inputs[0]) is clamp:
            activation = _fused(network, before, clamp)
            if activation is not None:
                before.attributes = replace(before.attributes, activation=activation)  # type: ignore[arg-type]
                absorb(network, before, clamp)


def _fused(network: Network, before: Operator, clamp: Operator) -> Activation | None:
    """The activation of both operators together; None where they stay apart."""
    second = clamp.attributes
    if not isinstance(second, Clamp) or before.arithmetic is not clamp.arithmetic:
        return None
    if before.arithmetic is Arithmetic.FLOAT and isinstance(before.attributes, _FLOAT):
        return before.attributes.activation.then(second.activation)
    if isinstance(before.attributes, _INTEGER.get(before.arithmetic, ())):
        x, y = network.tensors[clamp.inputs[0]], network.tensors[clamp.outputs[0]]
        if (x.dtype, x.quantization) == (y.dtype, y.quantization):
            return before.attributes.activation.then(second.activation)
    return None
