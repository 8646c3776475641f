# SPDX-License-Identifier: Apache-2.0
"""Conv: plain, grouped and depthwise, in one or two dimensions."""

from __future__ import annotations

from tvm_stm32.model.network import Conv2D, DepthwiseConv2D
from tvm_stm32.model.onnx.builder import Builder, Constant
from tvm_stm32.model.onnx.graph import Node
from tvm_stm32.model.onnx.window import Window, plane, plane_result, read_window


def convert_conv(build: Builder, node: Node) -> None:
    """ONNX Conv: x NCHW or NCW, weights OIHW or OIW, optional bias O."""
    value = build.value(node)
    x = plane(build, node, value)
    weights = build.constant(node, 1, "weights")
    if weights.values.ndim != len(value.shape):
        raise build.refuse(node, f"the weights have {weights.values.ndim} dimensions, the input {len(value.shape)}")
    outputs, inputs, *kernel = weights.values.shape
    channels, spatial = value.shape[1], value.shape[2:]
    groups = int(node.attributes.get("group", 1))
    if groups < 1 or inputs * groups != channels or outputs % groups:
        what = f"{groups} groups do not fit {channels} input channels and weights {list(weights.values.shape)}"
        raise build.refuse(node, what)
    if list(node.attributes.get("kernel_shape", kernel)) != kernel:
        raise build.refuse(node, "kernel_shape contradicts the weights")
    if weights.quantization is not None and weights.quantization.axis not in (None, 0):
        raise build.refuse(node, "the weights have a scale per index of another axis than the output channels")
    window = read_window(build, node, spatial, tuple(kernel))
    oihw = weights.values.reshape(outputs, inputs, *window.kernel)
    depthwise = groups == channels and groups > 1
    if depthwise:
        tensors = [x, build.weights(weights, oihw.transpose(1, 2, 3, 0), axis=3)]
    else:
        tensors = [x, build.weights(weights, oihw.transpose(0, 2, 3, 1), axis=0)]
    bias = build.optional_constant(node, 2, "bias")
    if bias is not None:
        tensors.append(bias_tensor(build, node, bias, outputs))
    attributes = _depthwise(window, outputs // groups) if depthwise else _convolution(window, groups)
    plane_result(build, node, attributes, tensors, (1, *window.output, outputs), len(value.shape))


def bias_tensor(build: Builder, node: Node, bias: Constant, outputs: int) -> str:
    """The bias as a vector of one value per output channel."""
    if bias.values.size not in (1, outputs):
        raise build.refuse(node, f"the bias has {bias.values.size} values for {outputs} output channels")
    values = bias.values.reshape(-1)
    quantized = bias.quantization is not None and bias.quantization.axis is not None
    return build.weights(bias, values.repeat(outputs // values.size), axis=0 if quantized else None)


def _convolution(window: Window, groups: int) -> Conv2D:
    return Conv2D(window.strides, window.dilations, window.padding, groups)


def _depthwise(window: Window, multiplier: int) -> DepthwiseConv2D:
    return DepthwiseConv2D(multiplier, window.strides, window.dilations, window.padding)
