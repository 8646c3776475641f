# SPDX-License-Identifier: Apache-2.0
"""Windows that slide over a plane: output sizes and explicit padding, as TensorFlow Lite computes them."""

from __future__ import annotations

from tvm_stm32.model.network import Padding
from tvm_stm32.model.tflite.layer import Layer

SAME, VALID = 0, 1
#: strides, kernels and dilations beyond this come from a damaged file
MAX_WINDOW = 1 << 16


def require_plane(layer: Layer) -> None:
    """Checks that the input is one NHWC picture and the output has four dimensions."""
    x = layer.input(0)
    layer.require(len(x.shape) == 4, f"the input has {len(x.shape)} dimensions, expected 4 (NHWC)")
    layer.require(x.shape[0] == 1, f"the batch is {x.shape[0]}; 1 is supported", "convert the model with a batch of 1")


def window(
    layer: Layer, kernel: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]
) -> tuple[tuple[int, int], Padding]:
    """Output height and width, and the padding, of a window over the layer's input.

    SAME takes ``ceil(size / stride)`` outputs and splits what is missing evenly, the odd one at the end; VALID pads
    nothing. (TensorFlow Lite: ComputeOutSize, ComputePaddingWithOffset.)
    """
    for role, pair in (("kernel", kernel), ("stride", strides), ("dilation", dilations)):
        layer.require(all(1 <= n <= MAX_WINDOW for n in pair), f"the {role} is {pair[0]}x{pair[1]}")
    mode = layer.options["Padding"]
    layer.require(mode in (SAME, VALID), f"padding mode {mode} is unknown")
    _, height, width, _ = layer.input(0).shape
    rows, top, bottom = _axis(height, kernel[0], strides[0], dilations[0], mode)
    columns, left, right = _axis(width, kernel[1], strides[1], dilations[1], mode)
    what = f"a kernel of {kernel[0]}x{kernel[1]} (dilation {dilations[0]}x{dilations[1]}) is larger than the input"
    layer.require(rows > 0 and columns > 0, what)
    return (rows, columns), Padding(top, left, bottom, right)


def _axis(size: int, kernel: int, stride: int, dilation: int, mode: int) -> tuple[int, int, int]:
    """Outputs, padding before and padding after, along one axis."""
    extent = (kernel - 1) * dilation + 1
    if mode == VALID:
        return (size - extent) // stride + 1, 0, 0
    outputs = -(-size // stride)
    missing = max((outputs - 1) * stride + extent - size, 0)
    return outputs, missing // 2, missing - missing // 2
