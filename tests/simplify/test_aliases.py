# SPDX-License-Identifier: Apache-2.0
"""Reshapes share a buffer, except between tensors that the application may move."""

from tvm_stm32.model.network import Activation, Arithmetic, Clamp, Network, Operator, Reshape, Tensor
from tvm_stm32.simplify.aliases import share_buffers
from tvm_stm32.simplify.dead import drop_dead_operators


def network(chain: str, inputs: str = "x", outputs: str = "y") -> Network:
    """`chain` lists operators as ``<input><kind><output>``: "x>a" reshapes x to a, "a+y" computes y from a."""
    operators = []
    tensors = {}
    for step in chain.split():
        source, kind, target = step
        attributes = Reshape() if kind == ">" else Clamp(Activation(0.0))
        operators.append(Operator(target, kind, attributes, [source], [target], Arithmetic.FLOAT))
        for name in (source, target):
            tensors[name] = Tensor(name, (4,), "float32")
    return Network(tensors, operators, list(inputs), list(outputs))


def test_a_reshape_inside_costs_nothing() -> None:
    net = network("x+a a>b b+y")
    assert share_buffers(net) == {"b": "a"}
    assert [operator.name for operator in net.operators] == ["a", "y"]


def test_a_reshape_to_the_output_writes_the_output() -> None:
    net = network("x+a a>y")
    assert share_buffers(net) == {"a": "y"}


def test_a_reshape_of_the_input_reads_the_input() -> None:
    net = network("x>a a+y")
    assert share_buffers(net) == {"a": "x"}


def test_a_reshape_from_input_to_output_is_a_copy() -> None:
    net = network("x>a a>y")
    assert share_buffers(net) == {"a": "x"}
    assert [operator.name for operator in net.operators] == ["y"]


def test_two_outputs_of_one_tensor_are_one_buffer_and_a_copy() -> None:
    net = network("x+a a>y a>z", outputs="yz")
    assert share_buffers(net) == {"a": "y"}
    assert [(operator.inputs, operator.outputs) for operator in net.operators] == [(["x"], ["a"]), (["a"], ["z"])]


def test_an_input_that_is_an_output_is_copied() -> None:
    net = network("x+y", outputs="yx")
    share_buffers(net)
    assert net.outputs == ["y", "x/output_1"]
    assert net.operators[-1].inputs == ["x"]


def test_an_output_listed_twice_is_copied() -> None:
    net = network("x+y", outputs="yy")
    share_buffers(net)
    assert net.outputs == ["y", "y/output_1"]


def test_operators_that_no_output_needs_are_dropped() -> None:
    net = network("x+a x+b a+y b+c")
    drop_dead_operators(net)
    assert [operator.name for operator in net.operators] == ["a", "y"]
