# SPDX-License-Identifier: Apache-2.0
"""Padding with real zeros becomes the padding of the convolutions that read it."""

from __future__ import annotations

from dataclasses import replace

from tvm_stm32.model.network import Conv2D, DepthwiseConv2D, Network, Operator, Pad, Padding, Tensor
from tvm_stm32.quantize.tflite import round_half_away
from tvm_stm32.simplify.rewire import read_instead


def fold_pads(network: Network) -> None:
    """Fold each padding of height and width that only convolutions read.

    A convolution's padding is its input's zero point, so the padding's own value has to be that; and it has to be less
    than the kernel, as every window must read some of the input for the kernels' loops.
    """
    for operator in list(network.operators):
        if not isinstance(operator.attributes, Pad) or not _is_real_zero(network, operator, operator.attributes):
            continue
        padded = operator.outputs[0]
        consumers = network.consumers(padded)
        paddings = [_padding(network, consumer, operator.attributes) for consumer in consumers]
        if padded in network.outputs or None in paddings:
            continue
        for consumer, padding in zip(consumers, paddings, strict=True):
            consumer.attributes = replace(consumer.attributes, padding=padding)  # type: ignore[arg-type]
            read_instead(consumer, padded, operator.inputs[0])
        network.operators = [other for other in network.operators if other is not operator]


def _is_real_zero(network: Network, operator: Operator, pad: Pad) -> bool:
    """Whether a padding of NHWC pads height and width alone, by what stands for 0.0 in input and output."""
    x, y = network.tensors[operator.inputs[0]], network.tensors[operator.outputs[0]]
    plane = len(pad.widths) == 4 and pad.widths[0] == pad.widths[3] == (0, 0)
    return plane and x.data is None and (x.dtype, x.quantization) == (y.dtype, y.quantization) and _zero(pad, y)


def _zero(pad: Pad, y: Tensor) -> bool:
    if not pad.value:
        return True
    return y.quantization is not None and round_half_away(pad.value / y.quantization.scale) == 0


def _padding(network: Network, consumer: Operator, pad: Pad) -> Padding | None:
    """The padding of a consumer together with its own; None where it cannot have it."""
    attributes = consumer.attributes
    if not isinstance(attributes, Conv2D | DepthwiseConv2D) or network.tensors[consumer.inputs[1]].data is None:
        return None
    rows, columns = network.tensors[consumer.inputs[1]].shape[1:3]
    own = attributes.padding
    (top, bottom), (left, right) = pad.widths[1:3]
    padding = Padding(own.top + top, own.left + left, own.bottom + bottom, own.right + right)
    height, width = (rows - 1) * attributes.dilations[0] + 1, (columns - 1) * attributes.dilations[1] + 1
    fits = max(padding.top, padding.bottom) < height and max(padding.left, padding.right) < width
    return padding if fits else None
