# SPDX-License-Identifier: Apache-2.0
"""Buffers and weights over several pools: the hot ones in the fast ones, within sizes, alignments and marks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvm_stm32.errors import CapacityError
from tvm_stm32.memory.buffer import Buffer
from tvm_stm32.memory.placement import place
from tvm_stm32.memory.planner import check
from tvm_stm32.memory.pools import Pool
from tvm_stm32.memory.weights import share_out

FAST = Pool("fast", size=64, speed=0, internal=True)
SLOW = Pool("slow", size=256, speed=1)


def where(plans: dict[str, object]) -> dict[str, str]:
    return {buffer: pool for pool, plan in plans.items() for buffer in plan.offsets}  # type: ignore[attr-defined]


def test_what_is_used_most_lies_in_the_fast_pool() -> None:
    buffers = [Buffer("cold", 64, 0, 3), Buffer("hot", 64, 0, 3), Buffer("warm", 64, 0, 3)]
    found = place(buffers, {"cold": 10, "hot": 1000, "warm": 100}, [FAST, SLOW], [], {})
    assert where(found) == {"hot": "fast", "warm": "slow", "cold": "slow"}


def test_buffers_that_take_turns_share_the_fast_pool() -> None:
    buffers = [Buffer("early", 64, 0, 1), Buffer("late", 64, 2, 3), Buffer("long", 64, 0, 3)]
    found = place(buffers, {"early": 100, "late": 90, "long": 80}, [SLOW, FAST], [], {})
    assert where(found) == {"early": "fast", "late": "fast", "long": "slow"}
    assert (found["fast"].size, found["slow"].size) == (64, 64)


def test_inputs_and_outputs_are_not_in_internal_pools() -> None:
    buffers = [Buffer("input", 16, 0, 1), Buffer("inner", 16, 1, 2)]
    found = place(buffers, {"input": 1000, "inner": 1}, [FAST, SLOW], ["input"], {})
    assert where(found) == {"input": "slow", "inner": "fast"}


def test_a_pool_aligns_what_lies_in_it() -> None:
    buffers = [Buffer(f"b{index}", 5, 0, 1) for index in range(4)]
    found = place(buffers, {}, [Pool("a", size=200, alignment=32)], [], {})
    assert sorted(found["a"].offsets.values()) == [0, 32, 64, 96]


def test_working_memory_is_a_multiple_of_its_alignment() -> None:
    """What is left of a pool behind the last multiple is not used: the array would reach beyond its end."""
    with pytest.raises(CapacityError):
        place([Buffer("a", 100, 0, 0)], {}, [Pool("odd", size=100)], [], {})
    assert where(place([Buffer("a", 100, 0, 0)], {}, [Pool("even", size=104)], [], {})) == {"a": "even"}


def test_a_large_buffer_does_not_fail_because_of_small_ones() -> None:
    buffers = [Buffer("small", 32, 0, 0), Buffer("large", 256, 0, 0)]
    found = place(buffers, {"small": 500}, [Pool("a", size=256, speed=0), Pool("b", size=32, speed=1)], [], {})
    assert where(found) == {"small": "b", "large": "a"}


def test_pools_that_are_too_small_are_refused_with_figures() -> None:
    with pytest.raises(CapacityError, match=r"need 400 bytes at once, the largest buffer 300.*slow \(256 bytes\)"):
        place([Buffer("a", 300, 0, 0), Buffer("b", 100, 0, 0)], {}, [FAST, Pool("slow", size=256)], [], {})
    with pytest.raises(
        CapacityError,
        match=r"inputs and outputs need 40 bytes of pools that are not internal.*fast \(64 bytes\), internal",
    ):
        place([Buffer("x", 40, 0, 0)], {}, [FAST], ["x"], {})


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 6), st.integers(0, 3), st.integers(0, 500)), max_size=10),
    st.lists(st.tuples(st.integers(16, 200), st.sampled_from([4, 8, 32])), min_size=1, max_size=3),
)
def test_plans_keep_to_the_pools(shapes: list[tuple[int, int, int, int]], sizes: list[tuple[int, int]]) -> None:
    buffers = [Buffer(f"b{i}", size, first, first + span) for i, (size, first, span, _) in enumerate(shapes)]
    accesses = {f"b{i}": amount for i, (_, _, _, amount) in enumerate(shapes)}
    pools = [Pool(f"p{i}", size=size, alignment=alignment, speed=i) for i, (size, alignment) in enumerate(sizes)]
    try:
        found = place(buffers, accesses, pools, [], {})
    except CapacityError:
        needed = sum(-(-buffer.size // 32) * 32 for buffer in buffers)
        assert needed > max(size // 32 * 32 for size, _ in sizes)  # one pool for all would have done
        return
    assert sorted(where(found)) == sorted(accesses)
    for pool in pools:
        if pool.name in found:
            plan = found[pool.name]
            assert plan.size <= pool.size
            assert all(offset % pool.alignment == 0 for offset in plan.offsets.values())
            check([buffer for buffer in buffers if buffer.name in plan.offsets], plan.offsets)


def test_weights_that_are_read_most_lie_in_the_fast_memory() -> None:
    pools = [Pool("external", kind="flash", speed=2), Pool("flash", kind="flash", speed=1)]
    sizes = {"first": 100, "second": 100, "third": 50}
    found = share_out(sizes, {"first": 10, "second": 1000, "third": 5}, pools, {"flash": 150, "external": 1000})
    assert found == {"second": "flash", "third": "flash", "first": "external"}


def test_weights_are_packed_by_size_where_heat_leaves_one_out() -> None:
    pools = [Pool("a", kind="flash"), Pool("b", kind="flash", speed=1)]
    found = share_out({"small": 20, "large": 100}, {"small": 100}, pools, {"a": 100, "b": 20})
    assert found == {"large": "a", "small": "b"}


def test_too_little_room_for_weights_is_refused_with_figures() -> None:
    with pytest.raises(CapacityError, match=r"need 120 bytes, the largest array 100; .* a \(90 bytes left\)"):
        share_out({"small": 20, "large": 100}, {}, [Pool("a", kind="flash")], {"a": 90})
