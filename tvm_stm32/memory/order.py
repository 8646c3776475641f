# SPDX-License-Identifier: Apache-2.0
"""The order of calls that needs the least memory: branches that do not depend on each other may run in any order.

Source: the search for a path whose greatest edge is least (Dijkstra's algorithm with a maximum for the sum), over the
sets of calls that may have run. Every order through a set leaves the same tensors live, so that a set is visited once.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence

from tvm_stm32.memory.bound import live_bytes
from tvm_stm32.memory.buffer import aligned
from tvm_stm32.memory.lifetimes import Step

#: how many sets of calls are visited before the given order is kept
SEARCH_LIMIT = 5_000


def lowest_order(
    steps: Sequence[Step], inputs: Collection[str], outputs: Collection[str], sizes: Mapping[str, int], alignment: int
) -> list[int]:
    """Indices of `steps` in the order whose greatest number of live bytes is least; the given order if none is better.

    Args:
        steps: the calls, in an order in which they may run.
        inputs: tensors that are there before.
        outputs: tensors that are needed after.
        sizes: bytes of each tensor and scratch in the arena; others do not count.
        alignment: bytes.
    """
    return _Search(
        steps, inputs, outputs, {name: aligned(size, alignment) for name, size in sizes.items()}, alignment
    ).run()


class _Search:
    """Sets of calls are bit masks."""

    def __init__(
        self,
        steps: Sequence[Step],
        inputs: Collection[str],
        outputs: Collection[str],
        sizes: Mapping[str, int],
        alignment: int,
    ) -> None:
        self.steps = steps
        self.outputs = frozenset(outputs)
        self.sizes = sizes
        self.alignment = alignment
        self.readers: dict[str, int] = {}
        self.writers: dict[str, int] = dict.fromkeys(inputs, 0)
        for index, step in enumerate(steps):
            for name in step.reads:
                self.readers[name] = self.readers.get(name, 0) | 1 << index
            for name in step.writes:
                self.writers[name] = self.writers.get(name, 0) | 1 << index
        self.needs = [self._all_writers(step.reads) & ~(1 << index) for index, step in enumerate(steps)]

    def run(self) -> list[int]:
        """The best order."""
        count = len(self.steps)
        given = list(range(count))
        heap: list[tuple[int, int, tuple[int, ...], int]] = [(0, 0, (), 0)]
        visited: set[int] = set()
        while heap and len(visited) < SEARCH_LIMIT:
            peak, _, order, done = heapq.heappop(heap)
            if done in visited:
                continue
            visited.add(done)
            if len(order) == count:
                return list(order) if peak < self._peak(given) else given
            for index in given:
                if not done >> index & 1 and self.needs[index] & ~done == 0:
                    reached = max(peak, self._live(done, index))
                    heapq.heappush(heap, (reached, -len(order) - 1, (*order, index), done | 1 << index))
        return given

    def _peak(self, order: Sequence[int]) -> int:
        """The most bytes live during any call of an order."""
        peak, done = 0, 0
        for index in order:
            peak, done = max(peak, self._live(done, index)), done | 1 << index
        return peak

    def _live(self, done: int, index: int) -> int:
        """Bytes live during call `index` after the calls `done`."""
        step, left = self.steps[index], ~done
        there = [name for name, writers in self.writers.items() if writers & left == 0 and self._needed(name, left)]
        sizes = {name: self.sizes.get(name, 0) for name in (*there, *step.writes, *step.scratch)}
        after = left & ~(1 << index)
        pairs = {pair: distances for pair, distances in step.sharing.items() if not self._needed(pair[1], after)}
        return live_bytes(sizes, pairs, self.alignment)

    def _needed(self, name: str, left: int) -> bool:
        """Whether a call of `left` reads a tensor, or the application."""
        return name in self.outputs or self.readers.get(name, 0) & left != 0

    def _all_writers(self, names: Sequence[str]) -> int:
        mask = 0
        for name in names:
            mask |= self.writers.get(name, 0)
        return mask
