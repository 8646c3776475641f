# SPDX-License-Identifier: Apache-2.0
"""Lifetimes of tensors and scratch buffers."""

from tvm_stm32.memory.lifetimes import Step, lifetimes


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
