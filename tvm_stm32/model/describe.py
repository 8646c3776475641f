# SPDX-License-Identifier: Apache-2.0
"""Operators and tensors in words, for messages and for comments in the C."""

from __future__ import annotations

from tvm_stm32.model.network import Network, Operator, Tensor

#: what to do about a layer whose fault speaks for itself
LAYER_HINT = "change this layer in the model, or export the model again: the file may be damaged"


def describe_tensor(tensor: Tensor) -> str:
    """For example ``int8 [1, 32, 32, 3]``."""
    return f"{tensor.dtype} {list(tensor.shape)}"


def describe_operator(network: Network, operator: Operator) -> str:
    """For example ``CONV_2D (int8 [1, 32, 32, 3], int8 [16, 3, 3, 3]) -> int8 [1, 32, 32, 16]``."""
    inputs = ", ".join(describe_tensor(tensor) for tensor in network.input_tensors(operator))
    outputs = ", ".join(describe_tensor(tensor) for tensor in network.output_tensors(operator))
    return f"{operator.source} ({inputs}) -> {outputs}"
