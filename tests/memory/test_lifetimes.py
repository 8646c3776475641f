# SPDX-License-Identifier: Apache-2.0
"""Lifetimes of tensors and scratch buffers."""

from tvm_stm32.kernels.overlap import Distances
from tvm_stm32.memory.lifetimes import Step, lifetimes, sharing


def test_a_tensor_lives_from_its_producer_to_its_last_consumer() -> None:
    steps = [
        Step(("input",), ("a",), {}),
        Step(("a",), ("b",), {"scratch": 12}),
        Step(("a", "b"), ("output",), {}),
    ]
    assert lifetimes(steps, ["input"], ["output"]) == {
        "input": (0, 0),
        "a": (0, 2),
        "b": (1, 2),
        "scratch": (1, 1),
        "output": (2, 2),
    }


def test_an_output_written_early_lives_to_the_end() -> None:
    steps = [Step(("input",), ("early",), {}), Step(("input",), ("late",), {})]
    assert lifetimes(steps, ["input"], ["early", "late"])["early"] == (0, 1)


def test_an_input_that_nobody_reads_still_has_a_place() -> None:
    assert lifetimes([Step(("a",), ("b",), {})], ["a", "unused"], ["b"])["unused"] == (0, 0)


def test_only_what_ends_where_the_other_begins_is_shared() -> None:
    in_place = Distances(least=0)
    steps = [
        Step(("input",), ("a",), {}, {("a", "input"): in_place}),
        Step(("a",), ("b",), {"scratch": 12}, {("b", "a"): in_place, ("scratch", "a"): in_place}),
        Step(("a", "b"), ("output",), {}, {("output", "a"): in_place, ("output", "b"): in_place}),
    ]
    spans = lifetimes(steps, ["input"], ["output"])
    assert sharing(steps, spans, ["output"]) == dict.fromkeys(
        [("a", "input"), ("output", "a"), ("output", "b")], in_place
    )


def test_an_output_of_the_network_is_not_written_over() -> None:
    steps = [Step(("x",), ("y",), {}), Step(("y",), ("z",), {}, {("z", "y"): Distances(least=0)})]
    outputs = ["y", "z"]
    assert sharing(steps, lifetimes(steps, ["x"], outputs), outputs) == {}
