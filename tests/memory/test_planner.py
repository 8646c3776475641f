# SPDX-License-Identifier: Apache-2.0
"""The planner overlaps what lives at once only as kernels allow, is near the lower bound, and repeats itself."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvm_stm32.kernels.overlap import ANYWHERE, Distances
from tvm_stm32.memory.bound import lower_bound, most_shared
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


@st.composite
def sharing_sets(draw: st.DrawFn) -> tuple[list[Buffer], dict[tuple[str, str], Distances]]:
    """Buffers, and distances for some of the pairs of which one ends in the call where the other begins."""
    buffers = draw(buffer_sets())
    number = st.none() | st.integers(-150, 150)
    pairs = [(a.name, b.name) for a in buffers for b in buffers if a is not b and a.first == b.last > b.first]
    return buffers, {
        pair: Distances(draw(number), draw(number), draw(st.integers(1, 12))) for pair in pairs if draw(st.booleans())
    }


@given(sharing_sets(), st.sampled_from([1, 4, 8]))
def test_overlaps_are_allowed_ones(
    example: tuple[list[Buffer], dict[tuple[str, str], Distances]], alignment: int
) -> None:
    buffers, sharing = example
    result = plan(buffers, alignment, sharing)
    check(buffers, result.offsets, sharing)
    assert all(offset % alignment == 0 for offset in result.offsets.values())
    assert result.size >= result.lower_bound == lower_bound(buffers, alignment, sharing)
    assert result.lower_bound <= lower_bound(buffers, alignment, {})
    assert result == plan(list(buffers), alignment, dict(sharing))


@given(st.integers(1, 40), st.integers(1, 40), st.none() | st.integers(-50, 50), st.none() | st.integers(-50, 50))
def test_the_greatest_overlap_of_a_pair(written: int, read: int, least: int | None, most: int | None) -> None:
    for step in (1, 3):
        for alignment in (1, 4):
            distances = Distances(least, most, step)
            shared = [
                max(0, min(written, d + read) - max(0, d))
                for d in range(-60, 61)
                if d % alignment == 0 and distances.allow(d)
            ]
            assert most_shared(written, read, distances, alignment) == max(shared, default=0)


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


def test_a_chain_in_place_needs_its_largest_tensor() -> None:
    sizes = [3072, 16384, 16384, 8192, 10]
    buffers = [Buffer(f"t{i}", size, max(i - 1, 0), i) for i, size in enumerate(sizes)]
    forwards, backwards = Distances(least=0), Distances(most=0)
    sharing = {(f"t{i + 1}", f"t{i}"): forwards if sizes[i + 1] <= sizes[i] else backwards for i in range(4)}
    result = plan(buffers, 4, sharing)
    assert result.size == result.lower_bound == 16384


def test_an_input_lies_in_the_scratch_that_it_is_widened_into() -> None:
    buffers = [Buffer("x", 640, 0, 0), Buffer("scratch", 1288, 0, 0), Buffer("y", 128, 0, 0)]
    result = plan(buffers, 4, {("scratch", "x"): Distances(least=640), ("y", "x"): ANYWHERE})
    assert result.size == result.lower_bound == 1288 + 128
    assert result.offsets["x"] - result.offsets["scratch"] >= 640


def test_both_operands_of_a_sum_end_in_it() -> None:
    buffers = [Buffer("a", 64, 0, 1), Buffer("b", 64, 0, 1), Buffer("y", 64, 1, 2)]
    result = plan(buffers, 4, {("y", "a"): Distances(least=0), ("y", "b"): Distances(least=0)})
    assert result.size == result.lower_bound == 128


def test_an_overlap_at_a_distance_that_is_not_allowed_is_noticed() -> None:
    buffers = [Buffer("x", 8, 0, 1), Buffer("y", 8, 1, 2)]
    sharing = {("y", "x"): Distances(least=0, step=4)}
    check(buffers, {"x": 4, "y": 0}, sharing)
    for offsets in ({"x": 0, "y": 4}, {"x": 2, "y": 0}):
        with pytest.raises(AssertionError, match="x and y"):
            check(buffers, offsets, sharing)


def test_an_overlap_is_noticed() -> None:
    buffers = [Buffer("x", 8, 0, 1), Buffer("y", 8, 1, 2)]
    with pytest.raises(AssertionError, match="x and y"):
        check(buffers, {"x": 0, "y": 4})
