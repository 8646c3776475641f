# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Convolutions and fully connected layers of float32 by the float microkernels, for cores that may have an FPU.

Where there is padding, input rows are copied into a ring, with zeros around them; else they are read where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.conv2d_rows import build_conv2d_rows, ring_distances
from tvm_stm32.kernels.convolution_geometry import Convolution, WindowOrder, laid_down
from tvm_stm32.kernels.implementation import Argument, Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.float_rows import BLOCK, FloatRows, pack_floats
from tvm_stm32.kernels.microkernels.ring import FloatRing
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.kernels.requantization import FloatBounds


@dataclass(frozen=True, slots=True)
class FloatsSpecification(Convolution):
    """`ring` is the microkernel with the rows it reads; copied: whether these are copies, with padding around them."""

    groups: int
    bounds: FloatBounds
    ring: FloatRing
    copied: bool
    columns: bool = False

    @property
    def family(self) -> str:
        """The kernel family's name."""
        if self.ring.rows.depthwise:
            return "depthwise_floats"
        return "fully_connected_floats" if self.x[:2] == self.y[:2] == (1, 1) else "conv2d_floats"

    @property
    def types(self) -> tuple[str, str, str]:
        """Of x and y, of the stream, and of the ring."""
        return "float32", "float32", "float32"

    @property
    def stream_words(self) -> int:
        """Values of the weights of one group."""
        rows, values, channels = self.ring.shape[0], self.ring.shape[1], self.ring.shape[4]
        return -(-channels // BLOCK) * BLOCK * (1 + rows * values)

    @property
    def distances(self) -> Distances:
        """How the output may overlap x."""
        if self.copied:
            return ring_distances(self)
        order = WindowOrder(self.x[:2], self.y[:2], self.strides, self.padding)
        group = self.ring.shape[4]
        last = self.y[2] - group + (group - 1) // BLOCK * BLOCK
        if self.groups > 1:  # a group writes all pixels of a row before the next one reads them
            return order.distances(self.x[2], self.y[2], last, 4, self.y[1])
        return order.distances(self.x[2], self.y[2], last, 4, BLOCK)

    def fill(self, to: Any, count: int) -> Any:
        """TIR: padding into the ring."""
        return T.call_extern("void", "tvm_ai_fill_floats", to, T.float32(0), count)

    def widened(self, pixel: Any, to: Any, count: int) -> Any:
        """TIR: values of a row into the ring."""
        return T.call_extern("void", "tvm_ai_copy", to, pixel, 4 * count)

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        clamp = "" if self.bounds == (None, None) else f", clamped to {list(self.bounds)}"
        scratch = "\nscratch: input rows with padding" if self.copied else ""
        return f"{self.family}: {self.describe_shapes()}{groups}\nfloat32{clamp}{scratch}"


def build_conv2d_floats(spec: FloatsSpecification) -> Any:
    """The TIR function of `spec` without padding: (x, weights, y)."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    groups, words, stride = spec.groups, spec.stream_words, spec.strides[0]
    group_inputs, group_outputs = channels // groups, out_channels // groups

    @T.prim_func(s_tir=True)
    def conv2d_floats(x: T.handle("float32"), weights: T.handle("float32"), y: T.handle("float32")):
        X = T.decl_buffer((height, width * channels), "float32", data=x)
        W = T.decl_buffer((groups * words,), "float32", data=weights)
        Y = T.decl_buffer((out_height, out_width * out_channels), "float32", data=y)
        for oy, g in T.grid(out_height, groups):
            T.evaluate(
                T.call_extern(
                    "void",
                    spec.ring.name,
                    T.address_of(X[0, g * group_inputs]),
                    oy * stride,
                    T.address_of(W[g * words]),
                    T.address_of(Y[oy, g * group_outputs]),
                    out_width,
                )
            )

    return conv2d_floats


def implement_floats(
    x: str,
    y: str,
    x_shape: tuple[int, int, int],
    y_shape: tuple[int, int, int],
    weights: npt.NDArray[np.float32],
    biases: npt.NDArray[np.float32],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
    bounds: FloatBounds,
    fused: bool,
) -> Implementation:
    """The kernel for weights OHWI; a depthwise convolution has as many groups as inputs and outputs.

    Neighbouring values of a row are read together, unless groups or dilation are between them. Pixels of a 1x1
    convolution without stride are one row, as are pixels above each other.
    """
    turned = laid_down(x_shape, y_shape, weights, strides, dilations, padding)
    x_shape, y_shape, weights, strides, dilations, padding = turned
    outputs, kernel_height, kernel_width, inputs = weights.shape
    channels = x_shape[2]
    padded = any(padding) or any(
        (out - 1) * stride + (size - 1) * dilation >= count
        for out, stride, size, dilation, count in zip(
            y_shape, strides, (kernel_height, kernel_width), dilations, x_shape, strict=False
        )
    )
    if not padded and kernel_height == kernel_width == 1 and strides == (1, 1):
        x_shape, y_shape = (1, x_shape[0] * x_shape[1], channels), (1, y_shape[0] * y_shape[1], outputs)
    apart = kernel_width > 1 and (groups > 1 or dilations[1] > 1)
    taps, together = (kernel_width, inputs) if apart else (1, kernel_width * inputs)
    spacing = dilations[1] * channels if apart else 0
    depthwise = groups == channels == outputs > 1
    groups = 1 if depthwise else groups
    copied = padded or (depthwise and channels % BLOCK > 0)
    width = x_shape[1] * channels
    if copied:
        last = (y_shape[1] - 1) * strides[1] + (kernel_width - 1) * dilations[1] + 1
        width = max(last, padding[1] + x_shape[1]) * channels
    span = (kernel_height - 1) * dilations[0] + 1 if copied else x_shape[0]
    bits = [int(np.float32(0 if bound is None else bound).view(np.uint32)) for bound in bounds]
    microkernel = FloatRows(bounds[0] is not None, bounds[1] is not None, fused, depthwise)
    shape = (kernel_height * taps, together, 4 * strides[1] * channels, 4 * outputs, outputs // groups, *bits)
    ring = FloatRing(span, width, dilations[0], taps, spacing, microkernel, shape)
    kernel = (kernel_height, kernel_width)
    spec = FloatsSpecification(x_shape, y_shape, kernel, strides, dilations, padding, groups, bounds, ring, copied)
    rows = weights.reshape(groups, outputs // groups, -1)
    packed = [pack_floats(own, bias) for own, bias in zip(rows, biases.reshape(groups, -1), strict=True)]
    layout = f"{list(weights.shape)} OHWI with biases, blocks of {BLOCK} outputs interleaved"
    arguments: list[Argument] = [Input(x), Constant("weights", np.concatenate(packed), layout), Output(y)]
    if copied:
        beyond = BLOCK - 1 if depthwise else 0
        arguments.insert(2, Scratch(4 * (span * width + beyond)))
    return Implementation(
        specification=spec,
        build=lambda: build_conv2d_rows(spec) if copied else build_conv2d_floats(spec),
        arguments=tuple(arguments),
        macs=y_shape[0] * y_shape[1] * weights.size,
        microkernels=(microkernel, ring),
        overlaps=(Overlap(written=len(arguments) - 1, read=0, distances=spec.distances),),
    )
