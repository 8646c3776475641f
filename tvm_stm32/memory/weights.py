# SPDX-License-Identifier: Apache-2.0
"""Which pool each array of weights lies in: the most used ones in the fastest memories, as far as those reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tvm_stm32.errors import CapacityError
from tvm_stm32.memory.pools import Pool


def share_out(
    sizes: Mapping[str, int], accesses: Mapping[str, int], pools: Sequence[Pool], room: Mapping[str, int]
) -> dict[str, str]:
    """The name of the pool of each array.

    Args:
        sizes: bytes of each array, gaps included.
        accesses: how many bytes of each a run reads.
        pools: memories that may hold weights.
        room: bytes that each of them has for weights, by name; -1: no bound.

    Raises:
        CapacityError: the pools are too small; with the figures.
    """
    ranked = sorted(pools, key=lambda pool: pool.speed)
    hot = sorted(sizes, key=lambda name: -accesses.get(name, 0) / max(1, sizes[name]))
    large = sorted(sizes, key=lambda name: -sizes[name])
    found = _fill(hot, sizes, ranked, room) or _fill(large, sizes, ranked, room)
    if found is None:
        rooms = ", ".join(f"{pool.name} ({room[pool.name]:,} bytes left)" for pool in ranked)
        raise CapacityError(
            f"the weights need {sum(sizes.values()):,} bytes, the largest array {max(sizes.values()):,};"
            f" pools for them are {rooms or 'none'}",
            "memory pools",
            "name larger pools, of kind flash or with holds: [activations, weights]",
        )
    return found


def _fill(
    order: Sequence[str], sizes: Mapping[str, int], pools: Sequence[Pool], room: Mapping[str, int]
) -> dict[str, str] | None:
    left = dict(room)
    found = {}
    for name in order:
        pool = next((p.name for p in pools if left[p.name] < 0 or left[p.name] >= sizes[name]), None)
        if pool is None:
            return None
        if left[pool] >= 0:
            left[pool] -= sizes[name]
        found[name] = pool
    return found
