# SPDX-License-Identifier: Apache-2.0
"""Which kernel family implements which operator under `Arithmetic.ONNX`, where it is not the same as elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.onnx.average import implement_mean
from tvm_stm32.kernels.onnx.average_pool import implement_average_pool
from tvm_stm32.kernels.onnx.pairs import implement_pairs
from tvm_stm32.kernels.onnx.pointwise import implement_dequantize, implement_quantize, implement_unary
from tvm_stm32.kernels.onnx.softmax import implement_softmax
from tvm_stm32.kernels.pool_rules import implement_pool
from tvm_stm32.model.network import (
    Add,
    Attributes,
    Clamp,
    Dequantize,
    Mean,
    Mul,
    Network,
    Nonlinear,
    Operator,
    Pool2D,
    Quantize,
    Softmax,
)


def implement_any_pool(network: Network, operator: Operator) -> Implementation:
    """A maximum is the same in every arithmetic, an average is not."""
    assert isinstance(operator.attributes, Pool2D)
    average = operator.attributes.mode == "average"
    return implement_average_pool(network, operator) if average else implement_pool(network, operator)


FAMILIES: dict[type[Attributes], Callable[[Network, Operator], Implementation]] = {
    Add: implement_pairs,
    Clamp: implement_unary,
    Dequantize: implement_dequantize,
    Mean: implement_mean,
    Mul: implement_pairs,
    Nonlinear: implement_unary,
    Pool2D: implement_any_pool,
    Quantize: implement_quantize,
    Softmax: implement_softmax,
}
