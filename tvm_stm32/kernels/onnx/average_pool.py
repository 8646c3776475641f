# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Average over windows of int8: real values added in the order in which onnxruntime adds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.convolution_geometry import WindowOrder, first_tap, last_tap, reads_padding
from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.onnx.average import implement_lanes
from tvm_stm32.kernels.onnx.quantizer import Quantizer, real, real_values
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.model.network import Network, Operator, Pool2D, Summation


@dataclass(frozen=True, slots=True)
class AveragePoolSpecification:
    """Shapes without the batch: `x` and `y` (H, W, C), `kernel` (H, W); padding is (top, left)."""

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    padding: tuple[int, int]
    count_padding: bool
    columns_first: bool
    quantizer: Quantizer

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "average_pool"

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        (kh, kw), (sh, sw) = self.kernel, self.strides
        shape = f"x {list(self.x)}, y {list(self.y)}, kernel {kh}x{kw}, stride {sh}x{sw}"
        shape += f", padding {self.padding[0]}, {self.padding[1]} (top, left)"
        shape += ", padding counts" if self.count_padding else ""
        order = "column by column, then across" if self.columns_first else "row by row"
        return f"{self.family}: {shape}\nint8, added in float32 {order}\n{self.quantizer.describe()}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        order = WindowOrder(self.x[:2], self.y[:2], self.strides, self.padding)
        return order.distances_by_channel(self.y[2], last=self.y[2] - 1, item_size=1)


def build_average_pool(spec: AveragePoolSpecification) -> Any:
    """The TIR function of `spec`: (x, reals, y)."""
    height, width, channels = spec.x
    out_height, out_width, _ = spec.y
    kernel_height, kernel_width = spec.kernel
    stride_y, stride_x = spec.strides
    top, left = spec.padding
    quantizer, columns_first = spec.quantizer, spec.columns_first
    pad_y = reads_padding(height, out_height, kernel_height, stride_y, 1, top)
    pad_x = reads_padding(width, out_width, kernel_width, stride_x, 1, left)

    def rows(row: Any) -> tuple[Any, Any]:
        return first_tap(row, 1, pad_y), last_tap(row, 1, kernel_height, height, pad_y)

    def columns(column: Any) -> tuple[Any, Any]:
        return first_tap(column, 1, pad_x), last_tap(column, 1, kernel_width, width, pad_x)

    def count(row: Any, column: Any) -> Any:
        """TIR: the taps of a window that count."""
        if spec.count_padding or not (pad_y or pad_x):
            return T.float32(kernel_height * kernel_width)
        (first_y, last_y), (first_x, last_x) = rows(row), columns(column)
        return T.cast((last_y - first_y) * (last_x - first_x), "float32")

    @T.prim_func(s_tir=True)
    def average_pool(x: T.handle("int8"), reals: T.handle("float32"), y: T.handle("int8")):
        X = T.decl_buffer((height, width, channels), "int8", data=x)
        R = T.decl_buffer((256,), "float32", data=reals)
        Y = T.decl_buffer((out_height, out_width, channels), "int8", data=y)
        sums = T.alloc_buffer((2 if columns_first else 1,), "float32")  # of the window, of one of its columns

        @T.inline
        def window(oy, ox, row, left_column, c):
            sums[0] = T.float32(0)
            if columns_first:
                for kx in T.serial(*columns(left_column)):
                    sums[1] = T.float32(0)
                    for ky in T.serial(*rows(row)):
                        sums[1] = sums[1] + real(R, X[row + ky, left_column + kx, c])
                    sums[0] = sums[0] + sums[1]
            else:
                for ky in T.serial(*rows(row)):
                    for kx in T.serial(*columns(left_column)):
                        sums[0] = sums[0] + real(R, X[row + ky, left_column + kx, c])
            Y[oy, ox, c] = quantizer.apply(sums[0] / count(row, left_column))

        for oy, ox, c in T.grid(out_height, out_width, channels):
            window(oy, ox, oy * stride_y - top, ox * stride_x - left, c)

    return average_pool


def implement_average_pool(network: Network, operator: Operator) -> Implementation:
    """An average pool of int8. Source: onnxruntime's ``MlasPool``; from opset 19 on its plain loops."""
    attributes = operator.attributes
    assert isinstance(attributes, Pool2D)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    quantizer = Quantizer.of(y, attributes.activation)
    if attributes.summation not in (Summation.ROWS, Summation.COLUMNS):
        count = x.shape[1] * x.shape[2]
        return implement_lanes(operator, x, y, (1, count, x.shape[3]), attributes.summation, quantizer)
    spec = AveragePoolSpecification(
        x=(x.shape[1], x.shape[2], x.shape[3]),
        y=(y.shape[1], y.shape[2], y.shape[3]),
        kernel=attributes.kernel,
        strides=attributes.strides,
        padding=(attributes.padding.top, attributes.padding.left),
        count_padding=attributes.count_padding,
        columns_first=attributes.summation is Summation.COLUMNS,
        quantizer=quantizer,
    )
    arguments = (Input(x.name), real_values(x, "reals"), Output(y.name))
    overlaps = (Overlap(written=2, read=0, distances=spec.distances),)
    return Implementation(spec, lambda: build_average_pool(spec), arguments, overlaps=overlaps)
