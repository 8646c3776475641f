# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""1x1 convolution and fully connected layers of several rows by the pairs microkernel: more code, fewer cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.convolution_geometry import PixelRuns
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output
from tvm_stm32.kernels.microkernels.pairs import Pairs
from tvm_stm32.kernels.microkernels.stream import crossed, pack_stream
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import Overlap


@dataclass(frozen=True, slots=True)
class PairsSpecification(PixelRuns):
    """Shapes without the batch, (H, W, C); the microkernel computes a run of pixels in pairs."""

    microkernel: Pairs

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "fully_connected_pairs" if self.x[1] == self.y[1] == 1 else "conv2d_pairs"

    @property
    def cycles(self) -> float:
        """About how many cycles a call takes."""
        return self.rows * (self.microkernel.cycles(self.pixels) + 60)

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        sy, sx = self.strides
        return (
            f"{self.family}: x {list(self.x)}, y {list(self.y)}, kernel 1x1, stride {sy}x{sx}\n"
            f"int8; {self.microkernel.requantization.describe()}"
        )


def build_conv2d_pairs(spec: PairsSpecification) -> Any:
    """The TIR function of `spec`: (x, stream, y)."""
    (height, width, channels), (out_height, out_width, out_channels) = spec.x, spec.y
    (stride_y, stride_x), rows, pixels, name = spec.strides, spec.rows, spec.pixels, spec.microkernel.name
    first = pixels - 2 + pixels % 2 if spec.microkernel.backwards else 0

    def multiply(pixel: Any, stream: Any, to: Any) -> Any:
        return T.call_extern("void", name, pixel, stream, to, pixels)

    @T.prim_func(s_tir=True)
    def conv2d_pairs(x: T.handle("int8"), stream: T.handle("int32"), y: T.handle("int8")):
        X = T.decl_buffer((height * width, channels), "int8", data=x)
        S = T.decl_buffer((1,), "int32", data=stream)
        Y = T.decl_buffer((out_height * out_width, out_channels), "int8", data=y)
        for row in range(rows):
            T.evaluate(
                multiply(
                    T.address_of(X[row * stride_y * width + first * stride_x, 0]),
                    T.address_of(S[0]),
                    T.address_of(Y[row * out_width + first, 0]),
                )
            )

    return conv2d_pairs


def implement_pairs(
    x: str,
    y: str,
    runs: PixelRuns,
    weights: npt.NDArray[np.int8],
    rule: NarrowRule,
    alternatives: tuple[Implementation, ...],
) -> Implementation | None:
    """The kernel for weights (outputs, inputs), or None where it does not apply.

    That is for single pixels, many inputs, and one or two outputs, for which others have less to do.
    """
    outputs, inputs = weights.shape
    form = rule.requantization
    odd = runs.pixels % 2 == 1
    microkernel = Pairs(inputs, outputs, runs.strides[1] * inputs, outputs, odd, runs.backwards, form)
    if runs.pixels == 1 or outputs <= 2 or not microkernel.possible():
        return None
    spec = PairsSpecification(runs.x, runs.y, runs.strides, microkernel)
    firsts = range(0, runs.pixels, 2)
    order = crossed(inputs)
    stream = pack_stream(weights[:, None, :], rule.biases, rule.layer, form, order, narrow=False, masked=True)
    layout = f"{list(weights.shape)} with biases and requantization, as the pairs microkernel reads them"
    return Implementation(
        specification=spec,
        build=lambda: build_conv2d_pairs(spec),
        arguments=(Input(x), Constant("stream", stream, layout), Output(y)),
        macs=runs.y[0] * runs.y[1] * weights.size,
        microkernels=(microkernel,),
        overlaps=(Overlap(written=2, read=0, distances=spec.distances(firsts)),),
        rounding=form.describe(),
        alternatives=alternatives,
        code_bytes=microkernel.code_bytes,
    )
