# SPDX-License-Identifier: Apache-2.0
"""The bytes that no plan can do without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tvm_stm32.kernels.overlap import Distances
from tvm_stm32.memory.buffer import Buffer, aligned
from tvm_stm32.memory.lifetimes import Sharing


def lower_bound(buffers: Sequence[Buffer], alignment: int, sharing: Sharing) -> int:
    """The most bytes live during any call, each pair of `sharing` counted as overlapping as far as it may."""
    calls = sorted({b.first for b in buffers})
    live = ({b.name: aligned(b.size, alignment) for b in buffers if b.first <= call <= b.last} for call in calls)
    return max((live_bytes(sizes, sharing, alignment) for sizes in live), default=0)


def live_bytes(sizes: Mapping[str, int], sharing: Sharing, alignment: int) -> int:
    """The least bytes that buffers of aligned `sizes`, all live in one call, take together.

    What is written in one call never overlaps other such buffers, nor does what is read: the bytes saved are at most
    the sum of the pairs' greatest overlaps, none of them counted beyond its buffers' sizes.
    """
    by_written: dict[str, int] = {}
    by_read: dict[str, int] = {}
    for (written, read), distances in sharing.items():
        if written in sizes and read in sizes:
            shared = most_shared(sizes[written], sizes[read], distances, alignment)
            by_written[written] = min(sizes[written], by_written.get(written, 0) + shared)
            by_read[read] = min(sizes[read], by_read.get(read, 0) + shared)
    return sum(sizes.values()) - min(sum(by_written.values()), sum(by_read.values()))


def most_shared(written: int, read: int, distances: Distances, alignment: int) -> int:
    """The most bytes that a buffer of `written` bytes and one of `read` bytes may have in common.

    The smaller one lies within the larger one from distance `inner[0]` to `inner[1]`, and less and less of it beyond.
    """
    inner = sorted((0, written - read))
    found = [nearest(end, alignment) for end in inner for nearest in (distances.upwards, distances.downwards)]
    return max((max(0, min(written, d + read) - max(0, d)) for d in found if d is not None), default=0)
