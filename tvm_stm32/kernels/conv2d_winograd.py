# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""3x3 convolution of stride 1 by the Winograd microkernels: a quarter, or less than a half, of the multiplications.

Tiles are taken two at a time, so that scratch holds two transformed tiles only. Where the output is no multiple of the
tile, the last tiles begin further up or left and compute some outputs a second time. Padding is the input's zero
point, whose products are folded into the biases with all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.winograd import InputTile, InputTransform, OutputTransform, Products, pack_blocks
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap


@dataclass(frozen=True, slots=True)
class WinogradSpecification:
    """Shapes without the batch, (H, W, C); padding is (top, left); the microkernels have all else."""

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    padding: tuple[int, int]
    load: InputTile
    products: Products
    output: OutputTransform

    @property
    def tile(self) -> int:
        """Outputs along each side of a tile."""
        return self.load.transform.tile

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return f"conv2d_winograd{self.tile}"

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles down and across."""
        return -(-self.y[0] // self.tile), -(-self.y[1] // self.tile)

    @property
    def block_words(self) -> int:
        """Words of the stream of four output channels."""
        return self.products.weight_words + self.output.constant_words

    @property
    def scratch_words(self) -> int:
        """Words of two tiles' input, and of their products, whose place holds a patch of the input before."""
        return self.products.value_words + max(self.products.result_words, -(-self.load.patch // 4))

    @property
    def distances(self) -> Distances:
        """How the output may overlap x: where pairs of tiles have written up to, against where later ones read from."""
        tiles = np.arange(self.grid[0] * self.grid[1])
        row = np.minimum(tiles // self.grid[1] * self.tile, self.y[0] - self.tile)
        column = np.minimum(tiles % self.grid[1] * self.tile, self.y[1] - self.tile)
        end = ((row + self.tile - 1) * self.y[1] + column + self.tile) * self.y[2]
        top, left = np.maximum(row - self.padding[0], 0), np.maximum(column - self.padding[1], 0)
        read = (top * self.x[1] + left) * self.x[2]
        written, later = np.maximum.accumulate(end)[1:-1:2], np.minimum.accumulate(read[::-1])[::-1][2::2]
        return Distances(least=int((written - later).max())) if later.size else ANYWHERE

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        addends = "two addends a channel, by sign" if self.output.signed else "one addend a channel"
        return (
            f"{self.family}: x {list(self.x)}, y {list(self.y)}, kernel 3x3, stride 1x1,"
            f" padding {self.padding[0]}, {self.padding[1]} (top, left)\n"
            f"int8, input zero point {self.load.zero_point}; Winograd's F({self.tile}x{self.tile}, 3x3) in exact"
            f" integers; requantized by multiply-high and shift {self.output.shift},"
            f" {addends}: proven equal to the model's rounding\n"
            f"scratch: transformed inputs of two tiles, and their products"
        )


def build_winograd(spec: WinogradSpecification) -> Any:
    """The TIR function of `spec`: (x, stream, scratch, y)."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    top, left = spec.padding
    tile, (down, across) = spec.tile, spec.grid
    tiles, blocks, products = down * across, -(-out_channels // 4), spec.products
    block, at = spec.block_words, products.value_words
    last_channels = out_channels - 4 * (blocks - 1)

    def origin(index: Any, size: int) -> Any:
        """The first output of the tile `index` along an axis."""
        return T.min(index * tile, size - tile) if size % tile else index * tile

    def row(index: Any) -> Any:
        return origin(T.floordiv(index, across), out_height)

    def column(index: Any) -> Any:
        return origin(T.floormod(index, across), out_width)

    def load(index: Any, x: Any, patch: Any, to: Any) -> Any:
        return T.call_extern("void", spec.load.name, x, row(index) - top, column(index) - left, patch, to)

    def multiply(values: Any, weights: Any, to: Any) -> Any:
        return T.call_extern("void", products.name, values, weights, to)

    def store(sums: Any, constants: Any, to: Any, number: Any) -> Any:
        count = 4 if last_channels == 4 else T.if_then_else(number < blocks - 1, 4, last_channels)
        return T.call_extern("void", spec.output.name, sums, constants, to, count)

    @T.prim_func(s_tir=True)
    def winograd(x: T.handle("int8"), stream: T.handle("int32"), scratch: T.handle("int32"), y: T.handle("int8")):
        X = T.decl_buffer((height * width * channels,), "int8", data=x)
        S = T.decl_buffer((blocks, block), "int32", data=stream)
        R = T.decl_buffer((spec.scratch_words,), "int32", data=scratch)
        Y = T.decl_buffer((out_height, out_width, out_channels), "int8", data=y)

        @T.inline
        def load_tile(index, k):
            T.evaluate(load(index, T.address_of(X[0]), T.address_of(R[at]), T.address_of(R[k])))

        @T.inline
        def store_tile(index, k, number):
            T.evaluate(
                store(
                    T.address_of(R[at + 4 * k]),
                    T.address_of(S[number, products.weight_words]),
                    T.address_of(Y[row(index), column(index), 4 * number]),
                    number,
                )
            )

        for pair in range(tiles // 2):
            for k in range(2):
                load_tile(2 * pair + k, k)
            for number in range(blocks):
                T.evaluate(multiply(T.address_of(R[0]), T.address_of(S[number, 0]), T.address_of(R[at])))
                for k in range(2):
                    store_tile(2 * pair + k, k, number)
        if tiles % 2 > 0:  # the second tile's values are the last pair's, its products unread
            load_tile(tiles - 1, 0)
            for number in range(blocks):
                T.evaluate(multiply(T.address_of(R[0]), T.address_of(S[number, 0]), T.address_of(R[at])))
                store_tile(tiles - 1, 0, number)

    return winograd


def implement_winograd(
    x: str,
    y: str,
    x_shape: tuple[int, int, int],
    y_shape: tuple[int, int, int],
    weights: npt.NDArray[np.int8],
    padding: tuple[int, int],
    rule: NarrowRule | None,
    tile: int,
) -> Implementation | None:
    """The kernel for 3x3 weights OHWI of an ungrouped convolution of stride 1, or None where it does not apply."""
    channels, inputs = weights.shape[0], weights.shape[3]
    transform = InputTransform(tile, inputs, unroll=(tile + 2) // 2)
    if rule is None or not transform.possible() or min(y_shape[:2]) < tile:
        return None
    top, left = padding
    padded = top > 0 or left > 0 or y_shape[0] - top + 2 > x_shape[0] or y_shape[1] - left + 2 > x_shape[1]
    output = OutputTransform(tile, channels, y_shape[1] * channels, rule.layer.shift, rule.layer.signed)
    if not output.possible():
        return None
    spec = WinogradSpecification(
        x=x_shape,
        y=y_shape,
        padding=padding,
        load=InputTile(transform, *x_shape[:2], rule.input_zero_point, padded),
        products=Products(tile, inputs),
        output=output,
    )
    stream = pack_blocks(weights.astype(np.int64), rule.biases, rule.layer, tile)
    layout = f"{list(weights.shape)} OHWI by Winograd's transform, with biases and requantization"
    return Implementation(
        specification=spec,
        build=lambda: build_winograd(spec),
        arguments=(Input(x), Constant("stream", stream, layout), Scratch(4 * spec.scratch_words), Output(y)),
        macs=y_shape[0] * y_shape[1] * weights.size,
        microkernels=(transform, spec.load, spec.products, spec.output),
        overlaps=(Overlap(written=3, read=0, distances=spec.distances),),
        rounding=rule.requantization.describe(),
    )
