# SPDX-License-Identifier: Apache-2.0
"""When each tensor and each scratch buffer of the run function is live, and which may share memory all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tvm_stm32.kernels.overlap import Distances

#: the pairs of buffers (written, read) that may share memory, and how
Sharing = Mapping[tuple[str, str], Distances]


@dataclass(frozen=True, slots=True)
class Step:
    """What one call reads and writes, by buffer name, and the scratch it needs in bytes, by name.

    `sharing` has the pairs of which the kernel allows an overlap, should the one that is read not be needed again.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    scratch: Mapping[str, int]
    sharing: Sharing = field(default_factory=dict)


def lifetimes(steps: Sequence[Step], inputs: Iterable[str], outputs: Iterable[str]) -> dict[str, tuple[int, int]]:
    """``(first, last)`` call of every buffer: inputs are live from call 0, outputs until the last call."""
    spans: dict[str, tuple[int, int]] = dict.fromkeys(inputs, (0, 0))
    for index, step in enumerate(steps):
        for name in (*step.reads, *step.writes):
            first, last = spans.get(name, (index, index))
            spans[name] = (first, max(last, index))
        for name in step.scratch:
            spans[name] = (index, index)
    for name in outputs:
        first, _ = spans.get(name, (0, 0))
        spans[name] = (first, max(len(steps) - 1, 0))
    return spans


def sharing(
    steps: Sequence[Step], spans: Mapping[str, tuple[int, int]], outputs: Iterable[str]
) -> dict[tuple[str, str], Distances]:
    """The pairs whose overlap a kernel allows and that live together in its call only: one ends there, one begins."""
    kept = set(outputs)  # until after the last call
    return {
        (written, read): distances
        for index, step in enumerate(steps)
        for (written, read), distances in step.sharing.items()
        if spans[read][1] == index == spans[written][0] and read not in kept
    }
