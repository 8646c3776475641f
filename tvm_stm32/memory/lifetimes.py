# SPDX-License-Identifier: Apache-2.0
"""When each tensor and each scratch buffer of the run function is live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What one call reads and writes, by buffer name, and the scratch it needs in bytes, by name."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    scratch: Mapping[str, int]


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
