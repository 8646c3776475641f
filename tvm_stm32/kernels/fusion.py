# SPDX-License-Identifier: Apache-2.0
"""Which consecutive layers are computed together, a band of rows at a time: as few as the least memory asks for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.planes import PlanesSpecification
from tvm_stm32.kernels.row_fusion import fuse
from tvm_stm32.model.network import TOGETHER, Operator

#: rows of a depthwise convolution's output that may be computed together
BANDS = (8, 4, 2)

#: neighbours that a depthwise convolution may be computed with
DEEPEST = 3

#: the least bytes that kernels in this order need
Bound = Callable[[Sequence[Implementation]], int]
#: for each depthwise convolution how many neighbours it is computed with: 0, 1 (before it), 2 (after it, too) or 3 (the
#: addition after that)
Depths = dict[int, int]


@dataclass(frozen=True, slots=True)
class Layers:
    """The operators of a network with their kernels, in an order in which they may run."""

    operators: list[Operator]
    implementations: list[Implementation]


def fuse_rows(layers: Layers, owners: Mapping[str, str], outputs: Collection[str], bound: Bound) -> Layers:
    """The layers, some of them in one kernel, if that takes less memory.

    All that can be are put together first; then those are separated again that no byte depends on.

    Args:
        layers: with a kernel each.
        owners: for each tensor that has no buffer of its own, whose it uses.
        outputs: of the network.
        bound: what is to be as small as possible.
    """
    neighbours = _neighbours(layers.implementations, owners, outputs)
    best, least = layers, bound(layers.implementations)
    for band in BANDS:
        for depth in range(1, DEEPEST + 1):
            depths = dict.fromkeys(neighbours, depth)
            found = _joined(layers, neighbours, depths, band)
            size = bound(found.implementations)
            if size < least:
                best, least = _separated(layers, neighbours, depths, band, bound, size), size
    return best


def _separated(
    layers: Layers, neighbours: Mapping[int, tuple[int, ...]], depths: Depths, band: int, bound: Bound, size: int
) -> Layers:
    """The fewest layers together that still need no more than `size` bytes."""
    for middle in neighbours:
        for depth in range(depths[middle]):
            fewer = {**depths, middle: depth}
            if bound(_joined(layers, neighbours, fewer, band).implementations) <= size:
                depths = fewer
                break
    return _joined(layers, neighbours, depths, band)


def _neighbours(
    implementations: Sequence[Implementation], owners: Mapping[str, str], outputs: Collection[str]
) -> dict[int, tuple[int, ...]]:
    """By the position of each depthwise convolution: what it alone reads, itself, what alone reads it, and that."""
    kept = {owners.get(name, name) for name in outputs}
    writers: dict[str, int] = {}
    readers: dict[str, list[int]] = {}
    for index, implementation in enumerate(implementations):
        for argument in implementation.arguments:
            if isinstance(argument, Output):
                writers[owners.get(argument.tensor, argument.tensor)] = index
            elif isinstance(argument, Input):
                readers.setdefault(owners.get(argument.tensor, argument.tensor), []).append(index)
    found = {}
    for index, implementation in enumerate(implementations):
        if not isinstance(implementation.specification, PlanesSpecification):
            continue
        read = next(owners.get(a.tensor, a.tensor) for a in implementation.arguments if isinstance(a, Input))
        if read not in writers or read in kept or readers[read] != [index]:
            continue
        members = [writers[read], index]
        while len(members) <= DEEPEST:
            result = next(a.tensor for a in implementations[members[-1]].arguments if isinstance(a, Output))
            after = readers.get(owners.get(result, result), [])
            if len(after) != 1 or owners.get(result, result) in kept:
                break
            members += after
        found[index] = tuple(members)
    return found


def _joined(layers: Layers, neighbours: Mapping[int, tuple[int, ...]], depths: Depths, band: int) -> Layers:
    """The layers, with neighbours in one kernel where that is possible; a layer is in one kernel only."""
    taken: set[int] = set()
    together: dict[int, tuple[tuple[int, ...], Implementation]] = {}
    for middle, members in neighbours.items():
        for count in range(depths[middle] + 1, 1, -1):
            chosen = members[:count]
            if len(chosen) < count or taken & {*chosen}:
                continue
            fused = fuse(tuple(layers.implementations[index] for index in chosen), band)
            if fused is not None:
                together[chosen[-1]] = (chosen, fused)
                taken |= {*chosen}
                break
    joined = Layers([], [])
    for index, (operator, implementation) in enumerate(zip(layers.operators, layers.implementations, strict=True)):
        if index in together:
            chosen, fused = together[index]
            name = TOGETHER.join(layers.operators[member].name for member in chosen)
            operator, implementation = replace(layers.operators[chosen[1]], name=name), fused
        elif index in taken:
            continue
        joined.operators.append(operator)
        joined.implementations.append(implementation)
    return joined
