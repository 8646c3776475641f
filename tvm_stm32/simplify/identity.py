# SPDX-License-Identifier: Apache-2.0
"""Conversions that change nothing."""

from __future__ import annotations

from tvm_stm32.model.network import Dequantize, Network, Operator, Quantize
from tvm_stm32.simplify.rewire import bypass, read_instead


def drop_identities(network: Network) -> None:
    """Take out requantizations to the same quantization, and quantizations of what was dequantized from it.

    Of 8 bits: ``scale * (value - zero_point)`` is rounded once, its quotient by the scale once more. Both errors
    together are below a thousandth of a step, and the nearest step is the value again.
    """
    for operator in list(network.operators):
        if isinstance(operator.attributes, Quantize):
            source = _unconverted(network, operator)
            if _alike(network, source, operator.outputs[0]):
                read_instead(operator, operator.inputs[0], source)
                bypass(network, operator)


def _unconverted(network: Network, operator: Operator) -> str:
    """The quantized tensor that `operator` reads, dequantized or not."""
    source = operator.inputs[0]
    producer = network.producer(source)
    return producer.inputs[0] if producer and isinstance(producer.attributes, Dequantize) else source


def _alike(network: Network, first: str, second: str) -> bool:
    x, y = network.tensors[first], network.tensors[second]
    return x.quantization is not None and (x.dtype, x.quantization) == (y.dtype, y.quantization)
