# SPDX-License-Identifier: Apache-2.0
"""Offsets for buffers in one arena: buffers that live at the same time never overlap.

Placing buffers one by one, each at the lowest offset free for its whole lifetime, is optimal for at least one order of
the buffers (sort any optimal plan by offset: no buffer moves up). Good orders are tried first; while none reaches the
lower bound, orders are searched depth first, cut where the best known plan cannot be beaten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: how many placements the search may try before the best plan so far is taken
SEARCH_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Buffer:
    """`size` bytes, live from the start of call `first` to the end of call `last`."""

    name: str
    size: int
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both live during some call."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Plan:
    """Offsets in bytes by buffer name, the arena's size, and the bytes that no plan can do without."""

    offsets: dict[str, int]
    size: int
    lower_bound: int


def aligned(size: int, alignment: int) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


def lower_bound(buffers: Sequence[Buffer], alignment: int) -> int:
    """The most bytes live during any call."""
    return max((_live(buffers, call, alignment) for call in {b.first for b in buffers}), default=0)


def plan(buffers: Sequence[Buffer], alignment: int) -> Plan:
    """Place `buffers` at multiples of `alignment` in as little memory as can be found.

    The same buffers give the same plan on every run.
    """
    bound = lower_bound(buffers, alignment)
    orders: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
        lambda b: (-b.size, b.first),
        lambda b: (b.first - b.last, -b.size),
        lambda b: ((b.first - b.last - 1) * b.size, b.first),
        lambda b: (b.first, -b.size),
    )
    best = min(
        (_place(sorted(buffers, key=lambda b: (*order(b), b.name)), alignment) for order in orders),
        key=lambda candidate: _extent(buffers, candidate, alignment),
    )
    if _extent(buffers, best, alignment) > bound:
        best = _search(buffers, best, bound, alignment)
    return Plan(best, _extent(buffers, best, alignment), bound)


def check(buffers: Sequence[Buffer], offsets: dict[str, int]) -> None:
    """Assert that no two buffers that live at once share a byte.

    Raises:
        AssertionError: they do; the planner is wrong.
    """
    for index, a in enumerate(buffers):
        for b in buffers[index + 1 :]:
            apart = offsets[a.name] + a.size <= offsets[b.name] or offsets[b.name] + b.size <= offsets[a.name]
            if a.overlaps(b) and not apart:
                raise AssertionError(f"buffers {a.name} and {b.name} overlap in memory and in time")


def _live(buffers: Sequence[Buffer], call: int, alignment: int) -> int:
    return sum(aligned(b.size, alignment) for b in buffers if b.first <= call <= b.last)


def _extent(buffers: Sequence[Buffer], offsets: dict[str, int], alignment: int) -> int:
    return max((offsets[b.name] + aligned(b.size, alignment) for b in buffers), default=0)


def _lowest(buffer: Buffer, placed: Sequence[Buffer], offsets: dict[str, int], alignment: int) -> int:
    """The lowest offset where `buffer` fits among the placed buffers it overlaps in time."""
    neighbours = [b for b in placed if b.overlaps(buffer)]
    offset = 0
    for neighbour in sorted(neighbours, key=lambda b: offsets[b.name]):
        start = offsets[neighbour.name]
        if offset + buffer.size <= start:
            break
        offset = max(offset, start + aligned(neighbour.size, alignment))
    return offset


def _place(order: Sequence[Buffer], alignment: int) -> dict[str, int]:
    offsets: dict[str, int] = {}
    for index, buffer in enumerate(order):
        offsets[buffer.name] = _lowest(buffer, order[:index], offsets, alignment)
    return offsets


def _search(buffers: Sequence[Buffer], best: dict[str, int], bound: int, alignment: int) -> dict[str, int]:
    """Depth first over orders of placement; stops at the lower bound or at `SEARCH_LIMIT` placements."""
    best_size = _extent(buffers, best, alignment)
    budget = SEARCH_LIMIT
    candidates = sorted(buffers, key=lambda b: (-b.size, b.first, b.name))

    def descend(placed: list[Buffer], offsets: dict[str, int]) -> None:
        nonlocal best, best_size, budget
        if len(placed) == len(candidates):
            best, best_size = dict(offsets), _extent(buffers, offsets, alignment)
            return
        for buffer in candidates:
            if buffer.name in offsets or budget == 0 or best_size == bound:
                continue
            budget -= 1
            offset = _lowest(buffer, placed, offsets, alignment)
            if offset + aligned(buffer.size, alignment) >= best_size:
                continue
            descend([*placed, buffer], {**offsets, buffer.name: offset})

    descend([], {})
    return best
