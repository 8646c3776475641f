# SPDX-License-Identifier: Apache-2.0
"""Independent branches run in the order that needs the least memory; chains stay as they are."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tvm_stm32.kernels.overlap import Distances
from tvm_stm32.memory.bound import lower_bound
from tvm_stm32.memory.buffer import Buffer
from tvm_stm32.memory.lifetimes import Step, lifetimes, sharing
from tvm_stm32.memory.order import lowest_order

Graph = tuple[list[Step], dict[str, int]]


def peak(steps: list[Step], sizes: dict[str, int], order: list[int]) -> int:
    """The lower bound of the steps in that order."""
    ordered = [steps[index] for index in order]
    spans = lifetimes(ordered, ["x"], ["y"])
    buffers = [Buffer(name, sizes[name], *span) for name, span in spans.items()]
    return lower_bound(buffers, 1, sharing(ordered, spans, ["y"]))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to six calls; each reads one or two tensors of those before; the last writes the output."""
    steps: list[Step] = []
    sizes = {"x": draw(st.integers(1, 100)), "y": draw(st.integers(1, 100))}
    count = draw(st.integers(1, 6))
    names = ["x"]
    for index in range(count):
        reads = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)))
        write = "y" if index == count - 1 else f"t{index}"
        scratch = {f"s{index}": draw(st.integers(1, 50))} if draw(st.booleans()) else {}
        shared = {(write, reads[0]): Distances(least=0)} if draw(st.booleans()) else {}
        steps.append(Step(reads, (write,), scratch, shared))
        names.append(write)
        sizes |= {write: draw(st.integers(1, 100)), **scratch}
    return steps, sizes


@given(graphs())
def test_no_order_needs_less(graph: Graph) -> None:
    steps, sizes = graph
    written = {step.writes[0]: index for index, step in enumerate(steps)}
    possible = [
        list(order)
        for order in permutations(range(len(steps)))
        if all(
            order.index(written[name]) < position
            for position, index in enumerate(order)
            for name in steps[index].reads
            if name in written
        )
    ]
    found = lowest_order(steps, ["x"], ["y"], sizes, 1)
    assert found in possible
    assert peak(steps, sizes, found) == min(peak(steps, sizes, order) for order in possible)


def test_the_given_order_stays_where_none_is_better() -> None:
    steps = [Step(("x",), (f"t{i}",), {}) for i in range(4)] + [Step(("t0", "t1", "t2", "t3"), ("y",), {})]
    sizes = {"x": 8, "y": 8, **{f"t{i}": 8 for i in range(4)}}
    assert lowest_order(steps, ["x"], ["y"], sizes, 4) == [0, 1, 2, 3, 4]


def test_a_branch_that_shrinks_runs_before_one_that_keeps_its_size() -> None:
    steps = [
        Step(("x",), ("wide",), {}),
        Step(("x",), ("large",), {}),
        Step(("large",), ("small",), {}),
        Step(("wide", "small"), ("y",), {}),
    ]
    sizes = {"x": 10, "wide": 100, "large": 1000, "small": 10, "y": 100}
    assert lowest_order(steps, ["x"], ["y"], sizes, 1) == [1, 2, 0, 3]


def test_many_branches_are_left_alone() -> None:
    """More sets of calls than are worth a search."""
    branches = 40
    steps = [Step(("x",), (f"t{i}",), {}) for i in range(branches)]
    steps.append(Step(tuple(f"t{i}" for i in range(branches)), ("y",), {}))
    sizes = {"x": 100, "y": 1, **{f"t{i}": 100 - i for i in range(branches)}}
    order = lowest_order(steps, ["x"], ["y"], sizes, 1)
    assert sorted(order) == list(range(branches + 1))
