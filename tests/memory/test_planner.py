# SPDX-License-Identifier: Apache-2.0
"""The planner never overlaps what lives at once, is near the lower bound, and repeats itself."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvm_stm32.memory.bound import lower_bound
from tvm_stm32.memory.buffer import Buffer
from tvm_stm32.memory.planner import check, plan


@st.composite
def buffer_sets(draw: st.DrawFn, most: int = 12) -> list[Buffer]:
    count = draw(st.integers(0, most))
    buffers = []
    for index in range(count):
        first = draw(st.integers(0, 10))
        buffers.append(Buffer(f"b{index}", draw(st.integers(1, 200)), first, first + draw(st.integers(0, 5))))
    return buffers


@given(buffer_sets(), st.sampled_from([1, 4, 8, 16]))
def test_no_two_live_buffers_share_a_byte(buffers: list[Buffer], alignment: int) -> None:
    result = plan(buffers, alignment)
    check(buffers, result.offsets)
    assert all(offset % alignment == 0 for offset in result.offsets.values())
    assert result.size >= result.lower_bound == lower_bound(buffers, alignment, {})
    assert result.size >= max((result.offsets[b.name] + b.size for b in buffers), default=0)


@given(buffer_sets(most=5))
def test_small_sets_are_planned_optimally(buffers: list[Buffer]) -> None:
    """Against every order of placement at the lowest free offset, one of which is optimal."""

    def extent(order: tuple[Buffer, ...]) -> int:
        offsets: dict[str, int] = {}
        for buffer in order:
            busy = [b for b in order if b.name in offsets and b.overlaps(buffer)]
            starts = [0, *(offsets[b.name] + b.size for b in busy)]
            offsets[buffer.name] = min(
                start
                for start in starts
                if all(start + buffer.size <= offsets[b.name] or offsets[b.name] + b.size <= start for b in busy)
            )
        return max((offsets[b.name] + b.size for b in order), default=0)

    assert plan(buffers, 1).size == min(extent(order) for order in permutations(buffers))


@given(buffer_sets())
def test_the_same_buffers_give_the_same_plan(buffers: list[Buffer]) -> None:
    assert plan(buffers, 4) == plan(list(buffers), 4)


def test_a_chain_needs_its_two_largest_neighbours() -> None:
    sizes = [3072, 16384, 16384, 8192, 10]
    buffers = [Buffer(f"t{i}", size, max(i - 1, 0), i) for i, size in enumerate(sizes)]
    result = plan(buffers, 4)
    assert result.size == result.lower_bound == 32768


def test_the_bound_counts_scratch() -> None:
    buffers = [Buffer("x", 100, 0, 0), Buffer("y", 100, 0, 1), Buffer("scratch", 50, 0, 0)]
    assert lower_bound(buffers, 1, {}) == 250


def test_an_overlap_is_noticed() -> None:
    buffers = [Buffer("x", 8, 0, 1), Buffer("y", 8, 1, 2)]
    with pytest.raises(AssertionError, match="x and y"):
        check(buffers, {"x": 0, "y": 4})
