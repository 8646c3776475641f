# SPDX-License-Identifier: Apache-2.0
"""Which of several kernels for one operator serves the objective, by a model of their cycles and by their bytes."""

from __future__ import annotations

from collections.abc import Sequence

from tvm_stm32.kernels.conv2d_flat import FlatSpecification
from tvm_stm32.kernels.conv2d_pairs import PairsSpecification
from tvm_stm32.kernels.conv2d_rows import RowsSpecification
from tvm_stm32.kernels.conv2d_winograd import WinogradSpecification
from tvm_stm32.kernels.implementation import Constant, Implementation, Scratch, Specification
from tvm_stm32.kernels.planes import PlanesSpecification

#: what a byte more of weights or scratch must save, in cycles of one inference, when the objective is "balanced"
CYCLES_PER_BYTE = 50


def choose(candidates: Sequence[Implementation | None], objective: str) -> Implementation | None:
    """The best of the kernels that apply; the first is the smallest. None if none applies.

    "time": the fewest cycles. "ram": the first. "balanced": of those whose every byte more than the first's saves
    `CYCLES_PER_BYTE`, the one with the fewest cycles.
    """
    found = [candidate for candidate in candidates if candidate is not None]
    if not found or objective == "ram":
        return found[0] if found else None
    first = found[0]
    if objective == "balanced":
        found = [item for item in found if _saved(first, item) >= CYCLES_PER_BYTE * max(_size(item) - _size(first), 0)]
    return min(found, key=lambda item: cycles(item.specification))


def _saved(before: Implementation, after: Implementation) -> float:
    return cycles(before.specification) - cycles(after.specification)


def _size(implementation: Implementation) -> int:
    """Bytes of constants and scratch."""
    arguments = implementation.arguments
    constants = sum(argument.values.nbytes for argument in arguments if isinstance(argument, Constant))
    return constants + sum(argument.size for argument in arguments if isinstance(argument, Scratch))


def cycles(specification: Specification) -> float:
    """About how many cycles a Cortex-M4 takes for one call, counted from the microkernels' instructions."""
    if isinstance(specification, RowsSpecification):
        return _rows(specification)
    if isinstance(specification, FlatSpecification):
        return _flat(specification)
    if isinstance(specification, PlanesSpecification | PairsSpecification):
        return specification.cycles
    assert isinstance(specification, WinogradSpecification), specification.family
    return _winograd(specification)


#: of a block of (pixels, channels), what a step of the rows microkernel takes
_STEP = {(1, 1): 4, (2, 1): 6, (4, 1): 10, (1, 2): 6, (2, 2): 9, (4, 2): 16, (1, 4): 11, (2, 4): 15}


def _rows(specification: RowsSpecification) -> float:
    rows = specification.ring.rows
    runs = specification.y[1 if specification.columns else 0] * specification.groups
    blocks, rest = divmod(rows.channels, 4)
    requantize = 7 + 2 * rows.requantization.signed
    around = (12 if rows.table else 1) + (5 if rows.looped else 0)  # a row of products

    def together(pixels: int) -> float:
        def block(channels: int) -> float:
            step = _STEP[pixels, channels if channels < 3 else 4]
            looped = 5 / rows.unroll if rows.looped else 0
            return rows.rows * (rows.steps * (step + looped) + around) + pixels * channels * requantize + 20

        return (blocks * block(4) if blocks else 0) + (block(rest) if rest else 0) + 20

    turns = rows.run // rows.together * together(rows.together)
    tail = (together(2) if rows.tail > 1 else 0) + (together(1) if rows.tail % 2 else 0)
    fetched = specification.x[0] * specification.x[1] * specification.x[2]
    return runs * (turns + tail) + 2 * fetched


def _flat(specification: FlatSpecification) -> float:
    microkernel, steps = specification.microkernel, specification.steps
    rounds = 0 if microkernel.steps else -(-steps // microkernel.unroll)
    form = microkernel.requantization
    around = 57 + 16 * form.signed + 16 * (form.shift == 0) + (8 + 6 * rounds if rounds else 0)
    blocks, rest = divmod(specification.y[2] // specification.groups, 4)
    last = 0.0
    if rest:
        last = around + ((6 if rest == 1 else 9) + 0.7) * steps if microkernel.narrow else around + 15 * steps
    pairs = specification.rows * sum(-(-count // 2) for _, count in specification.pieces)
    elements = specification.x[0] * specification.x[1] * specification.x[2]
    channels = (blocks * ((15 if form.lanes else 18) * steps + around) + last) * specification.groups
    return pairs * (channels + 20) + 1.75 * elements


def _winograd(specification: WinogradSpecification) -> float:
    tile, size = specification.tile, specification.tile + 2
    inputs, outputs = specification.x[2], specification.y[2]
    blocks = -(-outputs // 4)
    down, across = specification.grid
    tiles = down * across
    steps = specification.products.channels // 2
    looped = 0.3 * steps + 9 if steps > specification.products.unroll else 0
    products = blocks * size**2 * (16 * steps + 18 + looped) + blocks * 30
    rows, columns = (size + 21, size + 31) if tile == 4 else (size + 16, size + 11)
    loaded = inputs // 2 * (size * (rows + size + columns) + 25) + 60
    patch = (20 * size + 1.2 * size**2 * inputs) * specification.load.padded * _border(specification)
    stored = outputs * (size * (2 * size + tile) + tile * (2 * size + 1 + tile * (3 + 2 * specification.output.signed)))
    return (tiles + 1) // 2 * products + tiles * (loaded + patch + stored + 30 * outputs + 40 * blocks)


def _border(specification: WinogradSpecification) -> float:
    """The part of the tiles that reach into the padding, if one row all around is padding."""
    down, across = specification.grid
    return 1 - max(down - 2, 0) * max(across - 2, 0) / (down * across)
