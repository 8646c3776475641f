# SPDX-License-Identifier: Apache-2.0
"""Quantize/dequantize pairs around float operators become integer operators.

One walk in the operators' order. `Dequantize` is not emitted but remembered: the float tensor stands for an int8 one.
An operator all of whose operands are such, and whose result is quantized, becomes an integer operator with the clamp
in between as its activation; operators that only move values pass the remembrance on. Whatever needs a float tensor
after all gets its `Dequantize` then. The real numbers that the network computes with do not change.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Clamp,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Dequantize,
    FullyConnected,
    Mean,
    Mul,
    Network,
    Nonlinear,
    Operator,
    Pad,
    Pool2D,
    Quantization,
    Quantize,
    Reshape,
    Softmax,
    Tensor,
    Transpose,
)
from tvm_stm32.quantize.operands import bias_operand, dequantized, scalar_operand, weights_operand
from tvm_stm32.quantize.reals import quantize_reals
from tvm_stm32.quantize.requantize import quantize_value

#: operators whose result may be clamped by an activation of their own
_ACTIVATED = (Conv2D, DepthwiseConv2D, FullyConnected, Add, Mul, Pool2D, Clamp)


def fold(network: Network) -> Network:
    """The network with quantized operators in integers; networks of the TFLite reader are so already."""
    if not any(isinstance(o.attributes, Dequantize) and o.arithmetic is Arithmetic.ONNX for o in network.operators):
        return network
    return _Fold(network).folded()


class _Fold:
    """The network read from, the one written to, and which float tensors stand for int8 ones."""

    def __init__(self, network: Network) -> None:
        self.source = network
        self.result = Network(dict(network.tensors), [], list(network.inputs), list(network.outputs), network.notes)
        self.integer: dict[str, str] = {}
        self.absorbed: set[str] = set()
        self.materialized: dict[str, Operator] = {}

    def folded(self) -> Network:
        for operator in self.source.operators:
            if operator.outputs[0] not in self.absorbed:
                self._visit(operator)
        for name in self.result.outputs:
            self._require_float(name)
        used = {*self.result.inputs, *self.result.outputs}
        for operator in self.result.operators:
            used.update((*operator.inputs, *operator.outputs))
        self.result.tensors = {name: t for name, t in self.result.tensors.items() if name in used}
        return self.result

    def _visit(self, operator: Operator) -> None:
        attributes = operator.attributes
        if isinstance(attributes, Dequantize):
            self.integer[operator.outputs[0]] = operator.inputs[0]
            self.materialized[operator.outputs[0]] = operator
        elif isinstance(attributes, Quantize) and operator.inputs[0] in self.integer:
            self._requantize(operator, self.integer[operator.inputs[0]], operator.outputs[0])
        elif not (self._move(operator) or self._compute(operator)):
            for name in operator.inputs:
                self._require_float(name)
            self.result.operators.append(operator)

    # --- float after all ---------------------------------------------------------------------------------------------

    def _require_float(self, name: str) -> None:
        """Emits the postponed dequantization of `name`; of a constant, its values."""
        operator = self.materialized.pop(name, None)
        if operator is None:
            return
        source = self.result.tensors[self.integer[name]]
        if source.data is not None:
            self.result.tensors[name] = replace(self.result.tensors[name], data=dequantized(source))
        else:
            self.result.operators.append(replace(operator, inputs=[source.name]))

    # --- operators on int8 -------------------------------------------------------------------------------------------

    def _emit(self, operator: Operator, attributes: object, inputs: list[str], output: str) -> None:
        emitted = Operator(
            operator.name, operator.source, attributes, inputs, [output], Arithmetic.ONNX  # type: ignore[arg-type]
        )  # fmt: skip
        self.result.operators.append(emitted)

    def _requantize(self, operator: Operator, source: str, output: str) -> None:
        """Quantizes what stands for an int8 tensor already: nothing to do, or a table."""
        same = self._quantization(source) == self._quantization(output)
        if same and self.result.tensors[source].dtype == self.result.tensors[output].dtype:
            self._emit(operator, Reshape(), [source], output)
        else:
            self._emit(operator, Quantize(), [source], output)

    def _move(self, operator: Operator) -> bool:
        """Applies an operator that only moves or selects values to the int8 tensors themselves."""
        sources = [self.integer.get(name) for name in operator.inputs]
        if None in sources or not _is_mover(operator):
            return False
        names = [name for name in sources if name is not None]
        quantization = self._quantization(names[0])
        if any(self._quantization(name) != quantization for name in names):
            return False
        output = self.result.tensors[operator.outputs[0]]
        moved = Tensor(f"{output.name}_int8", output.shape, "int8", quantization)
        while moved.name in self.result.tensors:
            moved.name += "_"
        self.result.tensors[moved.name] = moved
        self._emit(operator, operator.attributes, names, moved.name)
        self.integer[output.name] = moved.name
        self.materialized[output.name] = Operator(
            f"{operator.name}/dequantize",
            "DequantizeLinear",
            Dequantize(),
            [moved.name],
            [output.name],
            Arithmetic.ONNX,
        )
        return True

    def _compute(self, operator: Operator) -> bool:
        """Turns an operator between dequantized operands and a quantization into one integer operator."""
        activation, quantizes, chain = self._consumers(operator)
        if not quantizes or (activation != Activation() and not isinstance(operator.attributes, _ACTIVATED)):
            return False
        output = quantizes[0].outputs[0]
        inputs = self._operands(operator, output)
        if inputs is None:
            return False
        attributes = operator.attributes
        if isinstance(attributes, Pad):
            attributes = replace(attributes, value=self._representable(attributes.value, output))
        if activation != Activation() and isinstance(attributes, _ACTIVATED):
            attributes = replace(attributes, activation=attributes.activation.then(activation))
        self._emit(operator, attributes, inputs, output)
        self.absorbed.update(chain)
        for other in quantizes[1:]:
            self._requantize(other, output, other.outputs[0])
        self.absorbed.update(quantize.outputs[0] for quantize in quantizes)
        return True

    def _consumers(self, operator: Operator) -> tuple[Activation, list[Operator], list[str]]:
        """What follows an operator: a clamp or several, then nothing but quantizations; else no quantizations."""
        activation = Activation()
        chain: list[str] = []
        name = operator.outputs[0]
        while True:
            consumers = self.source.consumers(name)
            if name in self.source.outputs or not consumers:
                return activation, [], []
            if len(consumers) == 1 and isinstance(consumers[0].attributes, Clamp):
                activation = activation.then(consumers[0].attributes.activation)
                name = consumers[0].outputs[0]
                chain.append(name)
                continue
            outputs = [self._quantization(consumer.outputs[0]) for consumer in consumers]
            if all(isinstance(c.attributes, Quantize) for c in consumers) and len(set(outputs)) == 1:
                return activation, consumers, chain
            return activation, [], []

    def _operands(self, operator: Operator, output: str) -> list[str] | None:
        """The integer operands, made where needed; None when one stays float."""
        attributes = operator.attributes
        if isinstance(attributes, Conv2D | DepthwiseConv2D | FullyConnected):
            return self._weighted(operator)
        if isinstance(attributes, Add | Mul):
            return self._elementwise(operator)
        sources = [self.integer.get(name) for name in operator.inputs]
        names = [name for name in sources if name is not None]
        if len(names) < len(sources):
            return None
        if isinstance(attributes, Concat | Pad):
            return [self._requantized(operator, name, self._quantization(output)) for name in names]
        return names if isinstance(attributes, Pool2D | Mean | Softmax | Clamp | Nonlinear) else None

    def _weighted(self, operator: Operator) -> list[str] | None:
        """Operands of a convolution or fully connected layer: symmetric int8 weights, int32 bias."""
        x = self.integer.get(operator.inputs[0])
        if x is None:
            return None
        stored = self.integer.get(operator.inputs[1])
        weights = weights_operand(self.result.tensors[stored]) if stored is not None else None
        if weights is None:
            note = (
                f"layer {operator.name!r} is computed in float32: its weights are not quantized symmetrically to int8"
            )
            self.result.notes.append(note)
            return None
        inputs = [x, self._add(weights)]
        if len(operator.inputs) > 2:
            name = operator.inputs[2]
            bias = self.result.tensors[self.integer.get(name, name)]
            inputs.append(self._add(bias_operand(bias, self.result.tensors[x], weights)))
        return inputs

    def _elementwise(self, operator: Operator) -> list[str] | None:
        """Operands of Add and Mul; a float constant is one when it is a scalar."""
        names = []
        for name in operator.inputs:
            constant = self.result.tensors[name]
            if name in self.integer:
                names.append(self.integer[name])
            elif constant.data is not None and constant.elements == 1:
                names.append(self._add(scalar_operand(constant)))
            else:
                return None
        if any(self.result.tensors[name].quantization.axis is not None for name in names):  # type: ignore[union-attr]
            return None
        return names if all(self.result.tensors[name].dtype == "int8" for name in names) else None

    def _requantized(self, operator: Operator, name: str, quantization: Quantization | None) -> str:
        """An operand brought to another quantization; a constant at once."""
        source = self.result.tensors[name]
        if source.quantization == quantization or quantization is None:
            return name
        tensor = Tensor(f"{name}_requantized", source.shape, "int8", quantization)
        while tensor.name in self.result.tensors:
            tensor.name += "_"
        self.result.tensors[tensor.name] = tensor
        if source.data is not None:
            tensor.data = quantize_reals(dequantized(source), quantization).astype(np.int8)
            return tensor.name
        step = replace(operator, name=f"{operator.name}/{name}", source="QuantizeLinear")
        self._emit(step, Quantize(), [name], tensor.name)
        return tensor.name

    def _representable(self, real: float | None, name: str) -> float | None:
        """The real value that a padded one becomes when it is quantized as tensor `name` is."""
        quantization = self._quantization(name)
        if real is None or quantization is None:
            return real
        return (quantize_value(real, quantization) - quantization.zero_point) * quantization.scale

    def _add(self, tensor: Tensor) -> str:
        """Adds a constant under a name of its own, once."""
        name = tensor.name
        while name in self.result.tensors and self.result.tensors[name] is not tensor:
            name += "_"
        tensor.name = name
        self.result.tensors[name] = tensor
        return name

    def _quantization(self, name: str) -> Quantization | None:
        return self.result.tensors[name].quantization


def _is_mover(operator: Operator) -> bool:
    """Whether an operator gives the same values whether it runs before or after dequantization."""
    attributes = operator.attributes
    if isinstance(attributes, Pool2D):
        return attributes.mode == "max"
    if isinstance(attributes, Pad):
        return attributes.value is None
    return isinstance(attributes, Reshape | Transpose | Concat)
