# SPDX-License-Identifier: Apache-2.0
"""In which order the kernels run, and where in the arena their buffers are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.memory.buffer import Buffer
from tvm_stm32.memory.lifetimes import Step, lifetimes, sharing
from tvm_stm32.memory.order import lowest_order
from tvm_stm32.memory.planner import Plan, check, plan

#: bytes; every buffer starts at a multiple, so that kernels may read words
ALIGNMENT = 4


@dataclass(frozen=True, slots=True)
class Schedule:
    """`order` has indices into the implementations that were given; `steps`, `spans` (first and last call of every
    buffer) and `plan` follow it."""

    order: list[int]
    steps: list[Step]
    spans: dict[str, tuple[int, int]]
    plan: Plan


def schedule(
    implementations: Sequence[Implementation],
    owners: Mapping[str, str],
    inputs: Collection[str],
    outputs: Collection[str],
    arena: Mapping[str, int],
) -> Schedule:
    """Order and place in as little memory as can be found.

    Args:
        implementations: the kernels, in an order in which they may run.
        owners: for each tensor that has no buffer of its own, whose it uses.
        inputs: of the network.
        outputs: of the network.
        arena: bytes of the tensors that may have a place in the arena.
    """
    given = _placed(list(range(len(implementations))), implementations, owners, inputs, outputs, arena)
    sizes = {**arena, **{name: size for step in given.steps for name, size in step.scratch.items()}}
    order = lowest_order(given.steps, inputs, outputs, sizes, ALIGNMENT)
    if order == given.order:
        return given
    other = _placed(order, implementations, owners, inputs, outputs, arena)
    return min(given, other, key=lambda candidate: candidate.plan.size)


def _placed(
    order: list[int],
    implementations: Sequence[Implementation],
    owners: Mapping[str, str],
    inputs: Collection[str],
    outputs: Collection[str],
    arena: Mapping[str, int],
) -> Schedule:
    steps = [_step(call, implementations[index], owners) for call, index in enumerate(order)]
    spans = lifetimes(steps, inputs, outputs)
    sizes = {**arena, **{name: size for step in steps for name, size in step.scratch.items()}}
    buffers = [Buffer(name, sizes[name], *span) for name, span in spans.items() if name in sizes]
    pairs = sharing(steps, spans, outputs)
    result = plan(buffers, ALIGNMENT, pairs)
    check(buffers, result.offsets, pairs)
    return Schedule(order, steps, spans, result)


def _step(call: int, implementation: Implementation, owners: Mapping[str, str]) -> Step:
    """What a call reads, writes and needs."""
    arguments = implementation.arguments
    buffers = {
        position: owners.get(a.tensor, a.tensor) if isinstance(a, Input | Output) else f"scratch_{call}_{position}"
        for position, a in enumerate(arguments)
        if not isinstance(a, Constant)
    }
    reads = tuple(name for position, name in buffers.items() if isinstance(arguments[position], Input))
    return Step(
        reads=reads,
        writes=tuple(name for position, name in buffers.items() if isinstance(arguments[position], Output)),
        scratch={buffers[p]: argument.size for p, argument in enumerate(arguments) if isinstance(argument, Scratch)},
        sharing={
            (buffers[overlap.written], buffers[overlap.read]): overlap.distances
            for overlap in implementation.overlaps
            if reads.count(buffers[overlap.read]) == 1  # a tensor read as two operands has two orders of access
        },
    )
