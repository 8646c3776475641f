# SPDX-License-Identifier: Apache-2.0
"""Offsets for buffers in one arena: buffers that live at the same time overlap only where a kernel allows it.

Buffers are placed one by one, each at the lowest offset that suits those placed before. Without allowed overlaps that
is optimal for at least one order of the buffers (sort any optimal plan by offset: no buffer moves up); with them it is
a heuristic that the lower bound judges. Good orders are tried first; while none reaches the lower bound, the best is
improved by moves in the order, then orders are searched depth first, cut where the best known plan cannot be beaten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tvm_stm32.memory.bound import lower_bound
from tvm_stm32.memory.buffer import Buffer, aligned
from tvm_stm32.memory.lifetimes import Sharing

#: how many placements the search may try before the best plan so far is taken; and where many sets are tried
SEARCH_LIMIT = 20_000
SHORT_SEARCH_LIMIT = 500

#: what buffers are sorted by before they are placed, given `begin`, their first call or its negative
_KEYS: tuple[Callable[[Buffer, int], tuple[int, ...]], ...] = (
    lambda b, begin: (-b.size, begin),
    lambda b, begin: (b.first - b.last, -b.size, begin),
    lambda b, begin: ((b.first - b.last - 1) * b.size, begin),
    lambda b, begin: (begin, -b.size),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Offsets in bytes by buffer name, the arena's size, and the bytes that no plan can do without."""

    offsets: dict[str, int]
    size: int
    lower_bound: int


def plan(buffers: Sequence[Buffer], alignment: int, sharing: Sharing | None = None) -> Plan:
    """Place `buffers` at multiples of `alignment` in as little memory as can be found.

    The same buffers give the same plan on every run.
    """
    sharing = sharing or {}
    return _Planner(buffers, alignment, sharing, lower_bound(buffers, alignment, sharing)).plan()


def fits(buffers: Sequence[Buffer], alignment: int, sharing: Sharing, size: int) -> bool:
    """Whether a plan for `buffers` of at most `size` bytes is found."""
    if lower_bound(buffers, alignment, sharing) > size:
        return False
    return _Planner(buffers, alignment, sharing, size, SHORT_SEARCH_LIMIT).plan().size <= size


def check(buffers: Sequence[Buffer], offsets: Mapping[str, int], sharing: Sharing | None = None) -> None:
    """Assert that buffers that live at once share no byte, but for the pairs in `sharing` at an allowed distance.

    Raises:
        AssertionError: they do; the planner is wrong.
    """
    allowed = {
        frozenset(pair): distances.allow(offsets[pair[1]] - offsets[pair[0]])
        for pair, distances in (sharing or {}).items()
        if pair[0] in offsets and pair[1] in offsets
    }
    for index, a in enumerate(buffers):
        for b in buffers[index + 1 :]:
            apart = offsets[a.name] + a.size <= offsets[b.name] or offsets[b.name] + b.size <= offsets[a.name]
            if a.overlaps(b) and not apart and not allowed.get(frozenset((a.name, b.name)), False):
                raise AssertionError(f"buffers {a.name} and {b.name} overlap in memory and in time")


def _order(buffers: Sequence[Buffer], key: Callable[[Buffer, int], tuple[int, ...]], direction: int) -> list[Buffer]:
    return sorted(buffers, key=lambda b: (*key(b, direction * b.first), b.name))


class _Planner:
    """Placements of one set of buffers; a plan of at most `bound` bytes is good enough."""

    def __init__(
        self, buffers: Sequence[Buffer], alignment: int, sharing: Sharing, bound: int, limit: int = SEARCH_LIMIT
    ) -> None:
        self.buffers = buffers
        self.alignment = alignment
        self.sharing = sharing
        self.bound = bound
        self.limit = limit
        self.sizes = {b.name: aligned(b.size, alignment) for b in buffers}
        self.neighbours = {b.name: [o for o in buffers if o is not b and o.overlaps(b)] for b in buffers}

    def plan(self) -> Plan:
        """The best plan found."""
        orders = [_order(self.buffers, key, direction) for key in _KEYS for direction in (1, -1)]
        best = min(orders, key=lambda order: self._extent(self._place(order)))
        offsets = self._improve(best)
        if self._extent(offsets) > self.bound:
            offsets = self._search(offsets)
        return Plan(offsets, self._extent(offsets), self.bound)

    def _extent(self, offsets: Mapping[str, int]) -> int:
        return max((offset + self.sizes[name] for name, offset in offsets.items()), default=0)

    def _lowest(self, buffer: Buffer, offsets: Mapping[str, int]) -> int:
        """The lowest offset where `buffer` may be beside the buffers placed at `offsets`."""
        neighbours = [b for b in self.neighbours[buffer.name] if b.name in offsets]
        neighbours.sort(key=lambda b: offsets[b.name])
        offset, settled = 0, False
        while not settled:
            settled = True
            for neighbour in neighbours:
                found = self._beside(buffer, offset, neighbour, offsets[neighbour.name])
                offset, settled = found, settled and found == offset
        return offset

    def _beside(self, buffer: Buffer, offset: int, other: Buffer, start: int) -> int:
        """The lowest place from `offset` on where `buffer` may be beside `other`, which is at `start`."""
        end = start + self.sizes[other.name]
        if offset + self.sizes[buffer.name] <= start or offset >= end:
            return offset
        if distances := self.sharing.get((buffer.name, other.name)):
            distance = distances.downwards(start - offset, self.alignment)
            return end if distance is None else min(end, start - distance)
        if distances := self.sharing.get((other.name, buffer.name)):
            distance = distances.upwards(offset - start, self.alignment)
            return end if distance is None else min(end, start + distance)
        return end

    def _place(self, order: Sequence[Buffer]) -> dict[str, int]:
        offsets: dict[str, int] = {}
        for buffer in order:
            offsets[buffer.name] = self._lowest(buffer, offsets)
        return offsets

    def _improve(self, order: list[Buffer]) -> dict[str, int]:
        """Places the buffers that end last earlier in the order, as long as that makes the plan smaller."""
        offsets = self._place(order)
        size, budget = self._extent(offsets), self.limit

        def moves() -> Iterator[list[Buffer]]:
            for index, buffer in enumerate(order):
                if offsets[buffer.name] + self.sizes[buffer.name] == size:
                    for position in range(index):
                        yield [*order[:position], buffer, *order[position:index], *order[index + 1 :]]

        candidates = moves()
        while size > self.bound and budget > 0 and (candidate := next(candidates, None)):
            budget -= len(order)
            placed = self._place(candidate)
            if self._extent(placed) < size:
                order, offsets, size = candidate, placed, self._extent(placed)
                candidates = moves()
        return offsets

    def _search(self, best: dict[str, int]) -> dict[str, int]:
        """Depth first over orders of placement; stops at the bound or at `limit` placements."""
        best_size = self._extent(best)
        budget = self.limit
        candidates = sorted(self.buffers, key=lambda b: (-b.size, b.first, b.name))

        def descend(offsets: dict[str, int]) -> None:
            nonlocal best, best_size, budget
            if len(offsets) == len(candidates):
                best, best_size = offsets, self._extent(offsets)
                return
            for buffer in candidates:
                if buffer.name in offsets or budget == 0 or best_size <= self.bound:
                    continue
                budget -= 1
                offset = self._lowest(buffer, offsets)
                if offset + self.sizes[buffer.name] < best_size:
                    descend({**offsets, buffer.name: offset})

        descend({})
        return best
