# SPDX-License-Identifier: Apache-2.0
"""Operators whose results nobody reads are dropped."""

from __future__ import annotations

from tvm_stm32.model.network import Network


def drop_dead_operators(network: Network) -> None:
    """Keep only the operators that an output depends on, in their order."""
    needed = set(network.outputs)
    kept = []
    for operator in reversed(network.operators):
        if needed.intersection(operator.outputs):
            kept.append(operator)
            needed.update(operator.inputs)
    network.operators = kept[::-1]
