# SPDX-License-Identifier: Apache-2.0
"""Gemm and MatMul with constant weights: fully connected layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tvm_stm32.model.network import FullyConnected
from tvm_stm32.model.onnx.builder import Builder, Constant
from tvm_stm32.model.onnx.convolution import bias_tensor
from tvm_stm32.model.onnx.graph import Node
from tvm_stm32.model.onnx.layout import Layout


def convert_gemm(build: Builder, node: Node) -> None:
    """ONNX Gemm: ``alpha * a @ b + beta * c`` with constant b (IO, or OI with transB) and c."""
    if node.attributes.get("transA", 0):
        raise build.refuse(node, "transA is not supported", "transpose the first input in the model")
    weights = build.constant(node, 1, "weights")
    bias = build.optional_constant(node, 2, "bias")
    if not node.attributes.get("transB", 0):
        weights = weights.transpose((1, 0))
    weights = _scaled(weights, node.attributes.get("alpha", 1.0))
    if bias is not None:
        bias = _scaled(bias, node.attributes.get("beta", 1.0))
    _fully_connected(build, node, weights, bias)


def convert_matmul(build: Builder, node: Node) -> None:
    """ONNX MatMul by a constant matrix IO; a third input is the bias that was merged into it."""
    weights = build.constant(node, 1, "right operand")
    if weights.values.ndim != 2:
        hint = "multiply by a constant matrix"
        raise build.refuse(node, f"a right operand of {weights.values.ndim} dimensions is not supported", hint)
    _fully_connected(build, node, weights.transpose((1, 0)), build.optional_constant(node, 2, "bias"))


def _scaled(constant: Constant, factor: float) -> Constant:
    """`factor` times a constant, computed in float32."""
    if factor == 1.0:
        return constant
    values = constant.real * np.float32(factor)
    return replace(constant, name=f"{constant.name}_scaled", values=values, quantization=None)


def _fully_connected(build: Builder, node: Node, weights: Constant, bias: Constant | None) -> None:
    """Appends ``x @ weights.T + bias``; `weights` is OI.

    A flattened feature map lies in memory in another order than in ONNX: the columns of the weights follow it.
    """
    value = build.value(node)
    if not value.shape:
        raise build.refuse(node, "the input is a scalar")
    last = len(value.shape) - 1
    outputs = weights.values.shape[0]
    if weights.quantization is not None and weights.quantization.axis == 1:
        raise build.refuse(node, "the weights have a scale per index of another axis than the output channels")
    if value.layout.has_rows(last):
        x = value.tensor
        rearranged = np.empty_like(weights.values)
        rearranged[:, Layout(value.layout.axes[last:]).offsets()] = weights.values
    else:
        x = build.ordered(value, range(last + 1))
        rearranged = weights.values
    tensors = [x, build.weights(weights, rearranged, axis=0)]
    if bias is not None:
        tensors.append(bias_tensor(build, node, bias, outputs))
    shape = (*value.shape[:-1], outputs)
    build.result(node, FullyConnected(), tensors, shape, Layout.contiguous(shape))
