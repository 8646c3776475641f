# SPDX-License-Identifier: Apache-2.0
"""Bounds that the C runtime puts on a model."""

from __future__ import annotations

from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import Network

#: inputs plus outputs that a ``tvm_ai_instance`` holds; TVM_AI_MAX_IO of tvm_ai.h
MAX_IO = 8


def check_interface(network: Network) -> None:
    """Refuse networks with more inputs and outputs than an instance holds, or none, or an input listed twice.

    Raises:
        ModelError: with the counts, or the input's name.
    """
    count = len(network.inputs) + len(network.outputs)
    if not network.inputs or not network.outputs:
        raise ModelError(
            f"the model has {len(network.inputs)} inputs and {len(network.outputs)} outputs",
            hint="a model needs at least one of each: export it again with its inputs and outputs",
        )
    repeated = [name for index, name in enumerate(network.inputs) if name in network.inputs[:index]]
    if repeated:
        raise ModelError(
            f"the model lists the input {repeated[0]!r} twice",
            hint="the file is probably damaged: export the model again",
        )
    if count > MAX_IO:
        raise ModelError(
            f"the model has {count} inputs and outputs together, an instance holds {MAX_IO}",
            hint="join inputs or outputs inside the model, for example with a concatenation",
        )
