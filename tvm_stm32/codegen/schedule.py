# SPDX-License-Identifier: Apache-2.0
"""In which order the kernels run, and where their buffers are: in one arena, or in memory pools."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tvm_stm32.codegen.accesses import buffer_accesses
from tvm_stm32.codegen.pools import ARENA
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.memory.bound import lower_bound
from tvm_stm32.memory.buffer import Buffer
from tvm_stm32.memory.lifetimes import Sharing, Step, lifetimes, sharing
from tvm_stm32.memory.order import lowest_order
from tvm_stm32.memory.placement import place
from tvm_stm32.memory.planner import Plan, check, plan
from tvm_stm32.memory.pools import Pool

#: bytes; every buffer starts at a multiple, so that kernels may read words
ALIGNMENT = 4


@dataclass(frozen=True, slots=True)
class Schedule:
    """`order` has indices into the implementations that were given; `steps`, `spans` (first and last call of every
    buffer) and `plans` (of each pool by name) follow it. `pools` says where each buffer is."""

    order: list[int]
    steps: list[Step]
    spans: dict[str, tuple[int, int]]
    plans: dict[str, Plan]
    pools: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "pools", {buffer: pool for pool, found in self.plans.items() for buffer in found.offsets}
        )

    def offset(self, buffer: str) -> int:
        """Bytes from the start of its pool; -1 for one that is in none."""
        return self.plans[self.pools[buffer]].offsets[buffer] if buffer in self.pools else -1


def schedule(
    implementations: Sequence[Implementation],
    owners: Mapping[str, str],
    inputs: Collection[str],
    outputs: Collection[str],
    arena: Mapping[str, int],
    pools: Sequence[Pool] = (),
) -> Schedule:
    """Order and place in as little memory as can be found; with `pools`, what is used most in the fastest of them.

    Args:
        implementations: the kernels, in an order in which they may run.
        owners: for each tensor that has no buffer of its own, whose it uses.
        inputs: of the network.
        outputs: of the network.
        arena: bytes of the tensors that may have a place in the arena.
        pools: memories in place of a single arena.

    Raises:
        CapacityError: the pools are too small.
    """
    given = _placed(list(range(len(implementations))), implementations, owners, inputs, outputs, arena)
    order = lowest_order(given.steps, inputs, outputs, _sizes(given.steps, arena), ALIGNMENT)
    found = given
    if order != given.order:
        other = _placed(order, implementations, owners, inputs, outputs, arena)
        found = min(given, other, key=lambda candidate: candidate.plans[ARENA].size)
    if not pools:
        return found
    ordered = [implementations[index] for index in found.order]
    accesses = buffer_accesses(ordered, found.steps, _sizes(found.steps, arena))
    buffers, pairs = _buffers(found.steps, found.spans, outputs, arena)
    plans = place(buffers, accesses, pools, {*inputs, *outputs}, pairs)
    for result in plans.values():
        check([buffer for buffer in buffers if buffer.name in result.offsets], result.offsets, pairs)
    return Schedule(found.order, found.steps, found.spans, plans)


def least_bytes(
    implementations: Sequence[Implementation],
    owners: Mapping[str, str],
    inputs: Collection[str],
    outputs: Collection[str],
    arena: Mapping[str, int],
) -> int:
    """What no plan for kernels in this order can do without; the arguments are those of `schedule`."""
    steps = [_step(call, implementation, owners) for call, implementation in enumerate(implementations)]
    buffers, pairs = _buffers(steps, lifetimes(steps, inputs, outputs), outputs, arena)
    return lower_bound(buffers, ALIGNMENT, pairs)


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
    buffers, pairs = _buffers(steps, spans, outputs, arena)
    result = plan(buffers, ALIGNMENT, pairs)
    check(buffers, result.offsets, pairs)
    return Schedule(order, steps, spans, {ARENA: result})


def _buffers(
    steps: Sequence[Step], spans: Mapping[str, tuple[int, int]], outputs: Collection[str], arena: Mapping[str, int]
) -> tuple[list[Buffer], Sharing]:
    """What is to be placed, and which of it may overlap."""
    sizes = _sizes(steps, arena)
    buffers = [Buffer(name, sizes[name], *span) for name, span in spans.items() if name in sizes]
    return buffers, sharing(steps, spans, outputs)


def _sizes(steps: Sequence[Step], arena: Mapping[str, int]) -> dict[str, int]:
    """Bytes of every buffer."""
    return {**arena, **{name: size for step in steps for name, size in step.scratch.items()}}


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
