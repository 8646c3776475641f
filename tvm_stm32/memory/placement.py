# SPDX-License-Identifier: Apache-2.0
"""Which pool each buffer lies in: the most used ones in the fastest memories, as far as those reach.

Buffers are taken by accesses per byte, and each goes into the fastest pool where it still fits beside those before it;
buffers that do not live at once share memory within a pool as in a single arena. A buffer that fits nowhere is taken
earlier in a next attempt, so that a large one does not fail because of small ones that could have gone elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tvm_stm32.errors import CapacityError
from tvm_stm32.memory.bound import lower_bound
from tvm_stm32.memory.buffer import Buffer, aligned
from tvm_stm32.memory.lifetimes import Sharing
from tvm_stm32.memory.planner import Plan, fits, plan
from tvm_stm32.memory.pools import LEAST_ALIGNMENT, MAX_POOLS, Pool


def place(
    buffers: Sequence[Buffer],
    accesses: Mapping[str, int],
    pools: Sequence[Pool],
    application: Collection[str],
    sharing: Sharing,
) -> dict[str, Plan]:
    """A plan for each pool that is needed, by its name, in the order of `pools`; each buffer is in one of them.

    Args:
        buffers: what is to be placed.
        accesses: how often a run reads or writes each, in bytes; those not named: never.
        pools: memories that may hold activations.
        application: buffers that the application fills or reads, which internal pools do not hold.
        sharing: pairs that may overlap, if they are in one pool.

    Raises:
        CapacityError: the pools are too small; with the figures.
    """
    ranked = sorted((pool for pool in pools if pool.kind == "ram"), key=lambda pool: pool.speed)
    order = sorted(buffers, key=lambda b: (-accesses.get(b.name, 0) / max(1, b.size), -b.size, b.first, b.name))
    hastened: set[str] = set()
    while True:
        found = _attempt(order, ranked, application, sharing)
        if not isinstance(found, Buffer):
            break
        if found.name in hastened:
            raise _too_small(found, buffers, ranked, application, sharing)
        hastened.add(found.name)
        order = [found, *(buffer for buffer in order if buffer is not found)]
    return {pool.name: plan(found[pool.name], pool.alignment, sharing) for pool in pools if pool.name in found}


def _attempt(
    order: Sequence[Buffer], pools: Sequence[Pool], application: Collection[str], sharing: Sharing
) -> dict[str, list[Buffer]] | Buffer:
    """The buffers of each pool that is used; or the first buffer that fits nowhere."""
    held: dict[str, list[Buffer]] = {}
    for buffer in order:
        for pool in pools:
            if (pool.internal and buffer.name in application) or (pool.name not in held and len(held) == MAX_POOLS):
                continue
            together = [*held.get(pool.name, []), buffer]
            if pool.room < 0 or fits(together, pool.alignment, sharing, pool.room):
                held[pool.name] = together
                break
        else:
            return buffer
    return held


def _too_small(
    buffer: Buffer, buffers: Sequence[Buffer], pools: Sequence[Pool], application: Collection[str], sharing: Sharing
) -> CapacityError:
    needed = lower_bound(buffers, LEAST_ALIGNMENT, sharing)
    what = f"the activations need {needed:,} bytes at once, the largest buffer {max(b.size for b in buffers):,}"
    exposed = sum(aligned(b.size, LEAST_ALIGNMENT) for b in buffers if b.name in application)
    if exposed > sum(pool.size for pool in pools if not pool.internal):
        what = f"inputs and outputs need {exposed:,} bytes of pools that are not internal"
    described = ", ".join(pool.describe() + ", internal" * pool.internal for pool in pools)
    return CapacityError(
        f"{what}; a buffer of {buffer.size:,} bytes finds no room in: {described}",
        "memory pools",
        "name larger pools; --optimize ram makes the activations smaller",
    )
