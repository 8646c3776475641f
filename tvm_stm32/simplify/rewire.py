# SPDX-License-Identifier: Apache-2.0
"""Taking an operator out of a network."""

from __future__ import annotations

from dataclasses import replace

from tvm_stm32.model.network import Network, Operator, Reshape


def only_consumer(network: Network, tensor: str) -> Operator | None:
    """The operator that alone reads `tensor`, once; None when there are more, or the application reads it too."""
    consumers = network.consumers(tensor)
    alone = len(consumers) == 1 and consumers[0].inputs.count(tensor) == 1 and tensor not in network.outputs
    return consumers[0] if alone else None


def absorb(network: Network, first: Operator, second: Operator) -> None:
    """Let `first` write what `second`, its only consumer, wrote; `second` goes."""
    first.outputs = second.outputs
    network.operators = [operator for operator in network.operators if operator is not second]


def read_instead(operator: Operator, tensor: str, other: str) -> None:
    """Let `operator` read `other` wherever it reads `tensor`."""
    operator.inputs = [other if name == tensor else name for name in operator.inputs]


def unused_name(network: Network, name: str) -> str:
    """`name`, or one like it that no tensor has."""
    while name in network.tensors:
        name += "_"
    return name


def bypass(network: Network, operator: Operator) -> None:
    """Take out an operator whose output equals its first input, element by element.

    An output of the network still has to be written: there the operator becomes a reshape, which costs a copy only
    where the two tensors cannot share a buffer.
    """
    source, target = operator.inputs[0], operator.outputs[0]
    if target in network.outputs:
        network.operators = [
            replace(o, attributes=Reshape(), inputs=[source]) if o is operator else o for o in network.operators
        ]
        return
    network.operators = [other for other in network.operators if other is not operator]
    for consumer in network.consumers(target):
        read_instead(consumer, target, source)
