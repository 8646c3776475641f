# SPDX-License-Identifier: Apache-2.0
"""One operator while it is read: its options, its tensors, and the error that names it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tvm_stm32.errors import ModelError
from tvm_stm32.model.describe import LAYER_HINT
from tvm_stm32.model.network import Activation, Tensor

#: ActivationFunctionType of the schema
ACTIVATIONS = {
    0: Activation(),
    1: Activation(0.0, None),
    2: Activation(-1.0, 1.0),
    3: Activation(0.0, 6.0),
}
ACTIVATION_NAMES = {4: "TANH", 5: "SIGN_BIT"}
#: inputs that an error message lists
LISTED_INPUTS = 8


@dataclass(frozen=True, slots=True)
class Layer:
    """An operator of the file with its tensors. `inputs` holds None for an absent optional input."""

    path: Path
    index: int
    kind: str
    name: str
    options: dict[str, Any]
    inputs: list[Tensor | None]
    outputs: list[Tensor]
    notes: list[str]  #: messages for the user, added to while reading

    def error(self, what: str, hint: str = LAYER_HINT) -> ModelError:
        """The error about this operator: where it is, its types and shapes."""
        sources = ", ".join("none" if t is None else describe(t) for t in self.inputs[:LISTED_INPUTS])
        sources += ", ..." if len(self.inputs) > LISTED_INPUTS else ""
        results = ", ".join(describe(t) for t in self.outputs)
        where = f'{self.path}, layer {self.index} "{self.name}", {self.kind} ({sources}) -> ({results})'
        return ModelError(what, where, hint)

    def require(self, condition: bool, what: str, hint: str = LAYER_HINT) -> None:
        """Raises the error about this operator unless `condition` holds."""
        if not condition:
            raise self.error(what, hint)

    def require_operands(self, least: int, most: int) -> None:
        """Checks the number of inputs, and that there is one output."""
        count = len(self.inputs)
        expected = f"{least}" if least == most else f"{least} to {most}"
        self.require(least <= count <= most, f"{count} inputs, expected {expected}")
        self.require(len(self.outputs) == 1, f"{len(self.outputs)} outputs, expected 1")

    def input(self, position: int) -> Tensor:
        """The input at `position`, which must be there."""
        tensor = self.inputs[position] if position < len(self.inputs) else None
        if tensor is None:
            raise self.error(f"input {position} is missing")
        return tensor

    def optional_input(self, position: int) -> Tensor | None:
        """The input at `position`; None when the file leaves it out."""
        return self.inputs[position] if position < len(self.inputs) else None

    @property
    def output(self) -> Tensor:
        """The only output."""
        return self.outputs[0]

    def constant(self, position: int, role: str) -> Tensor:
        """The input at `position`, which must be a constant."""
        tensor = self.input(position)
        hint = "export the model so that this is constant (freeze the graph, fix the input shape)"
        self.require(tensor.data is not None, f"the {role} must be a constant, tensor {tensor.name!r} is not", hint)
        return tensor

    def integers(self, position: int, role: str) -> list[int]:
        """The values of a constant integer input: axes, shapes, paddings; row-major."""
        tensor = self.constant(position, role)
        self.require(tensor.dtype in ("int32", "int64"), f"the {role} are {tensor.dtype}, expected int32 or int64")
        assert tensor.data is not None
        return [int(v) for v in tensor.data.reshape(-1)]

    def activation(self) -> Activation:
        """The fused activation."""
        code = self.options["FusedActivationFunction"]
        if code not in ACTIVATIONS:
            name = ACTIVATION_NAMES.get(code, f"number {code}")
            raise self.error(f"fused activation {name} is not supported", "use RELU, RELU6, RELU_N1_TO_1 or none")
        return ACTIVATIONS[code]

    def expect_output_shape(self, shape: tuple[int, ...]) -> None:
        """Checks the file's output shape against the one that the operator computes."""
        found = self.output.shape
        what = f"the output's shape is {list(found)}, the operator computes {list(shape)}"
        self.require(found == shape, what, "export the model again; the file contradicts itself")


def describe(tensor: Tensor) -> str:
    """Type and shape, such as ``int8[1,32,32,3]``."""
    return f"{tensor.dtype}[{','.join(str(n) for n in tensor.shape)}]"
