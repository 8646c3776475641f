# SPDX-License-Identifier: Apache-2.0
"""Reshapes cost nothing: which tensors share one buffer, and where a copy is needed after all."""

from __future__ import annotations

from tvm_stm32.model.network import Arithmetic, Network, Operator, Reshape, Tensor


def share_buffers(network: Network) -> dict[str, str]:
    """Remove the reshapes that need no copy.

    Inputs, outputs and constants each keep a buffer of their own (the application may point them anywhere), so a chain
    of reshapes from one of them to another keeps a copy at its end.

    Returns:
        For every tensor that has no buffer of its own, the name of the tensor whose buffer it uses.
    """
    _separate_outputs(network)
    owner = {name: name for name in network.tensors}
    anchored = {*network.inputs, *network.outputs, *(t.name for t in network.tensors.values() if t.data is not None)}

    def find(name: str) -> str:
        while owner[name] != name:
            name = owner[name]
        return name

    kept = []
    for operator in network.operators:
        if not isinstance(operator.attributes, Reshape):
            kept.append(operator)
            continue
        source, target = find(operator.inputs[0]), find(operator.outputs[0])
        if source in anchored and target in anchored:
            kept.append(operator)
        elif target in anchored:
            owner[source] = target
        else:
            owner[target] = source
    network.operators = kept
    return {name: find(name) for name in network.tensors if find(name) != name}


def _separate_outputs(network: Network) -> None:
    """Give every output a tensor that an operator writes: an output may be an input, a constant or listed twice."""
    written = {name for operator in network.operators for name in operator.outputs}
    for index, name in enumerate(network.outputs):
        if name in written and name not in network.outputs[:index]:
            continue
        tensor = network.tensors[name]
        copy = Tensor(f"{name}/output_{index}", tensor.shape, tensor.dtype, tensor.quantization)
        network.tensors[copy.name] = copy
        network.operators.append(_copy(network, name, copy.name))
        network.outputs[index] = copy.name


def _copy(network: Network, source: str, target: str) -> Operator:
    quantized = network.tensors[source].quantization is not None
    arithmetic = Arithmetic.TFLITE if quantized else Arithmetic.FLOAT
    return Operator(target, "COPY", Reshape(), [source], [target], arithmetic)
