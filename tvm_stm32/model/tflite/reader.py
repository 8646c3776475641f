# SPDX-License-Identifier: Apache-2.0
"""`read_tflite`: assembles the `Network` from the tables of a .tflite file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import DTYPE_SIZES, Network, Operator, Tensor
from tvm_stm32.model.tflite.file import FileModel, FileOperator, damaged, read_file
from tvm_stm32.model.tflite.layer import Layer
from tvm_stm32.model.tflite.operators import READERS
from tvm_stm32.model.tflite.tensors import read_tensor


def read_tflite(path: str | Path) -> Network:
    """Reads an int8 or float32 TensorFlow Lite model.

    Operators keep the file's order and are named by their output tensor; scales are the file's float32 values.
    Operators on which no output depends are left out, float16 constants are widened to float32.

    Raises:
        ModelError: the file cannot be read, is damaged or contradicts itself, or holds what is not supported.
    """
    return _Assembler(Path(path)).network()


class _Assembler:
    """The state of one reading: the file's tables, and the tensors with their unique names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: FileModel = read_file(path)
        self.notes: list[str] = []
        self._require_indices()
        self.needed = self._needed_operators()
        self.tensors = self._tensors()

    def network(self) -> Network:
        self._require_signature()
        operators = []
        for index, operator in enumerate(self.file.operators):
            if index in self.needed and not self._widened(operator):
                operators.append(self._operator(index, operator))
        network = Network(
            tensors={},
            operators=operators,
            inputs=[self.tensors[i].name for i in self.file.inputs],
            outputs=[self.tensors[i].name for i in self.file.outputs],
            notes=self.notes,
        )
        by_name = {tensor.name: tensor for tensor in self.tensors.values()}
        used = [*network.inputs, *(name for op in operators for name in (*op.inputs, *op.outputs)), *network.outputs]
        network.tensors = {name: by_name[name] for name in dict.fromkeys(used)}
        self._require_order(network)
        return network

    # --- structure ---------------------------------------------------------------------------------------------------

    def _require_indices(self) -> None:
        """Every tensor index is in the table; only an operator's input may be absent (-1)."""
        count = len(self.file.tensors)
        inputs = [i for operator in self.file.operators for i in operator.inputs if i != -1]
        outputs = [i for operator in self.file.operators for i in operator.outputs]
        for index in (*self.file.inputs, *self.file.outputs, *inputs, *outputs):
            if not 0 <= index < count:
                raise damaged(self.path, f"tensor {index} of {count}")
        if not self.file.inputs or not self.file.outputs:
            hint = "a model needs at least one of each: export it again with its inputs and outputs"
            raise ModelError("the model has no inputs or no outputs", str(self.path), hint)

    def _needed_operators(self) -> set[int]:
        """Operators on which an output depends; a reshape does not depend on how its shape was computed."""
        wanted = set(self.file.outputs)
        needed = set()
        for index in reversed(range(len(self.file.operators))):
            operator = self.file.operators[index]
            if wanted.isdisjoint(operator.outputs):
                continue
            needed.add(index)
            wanted.update(operator.inputs[:1] if operator.kind == "RESHAPE" else operator.inputs)
        return needed

    def _tensors(self) -> dict[int, Tensor]:
        """The tensors that are needed, by index in the file, each under a name of its own."""
        indices = {*self.file.inputs, *self.file.outputs}
        for index in self.needed:
            operator = self.file.operators[index]
            indices.update(i for i in (*operator.inputs, *operator.outputs) if i != -1)
        taken: set[str] = set()
        tensors = {}
        for index in sorted(indices):
            name = original = self.file.tensors[index].name or f"tensor_{index}"
            while name in taken:
                name = f"{original}_{index}" if name == original else f"{name}_"
            taken.add(name)
            tensors[index] = read_tensor(self.file.tensors[index], name, self.path)
        return tensors

    def _require_signature(self) -> None:
        """Inputs have a batch of 1 and no other open dimension; tells when the batch was open."""
        for index in self.file.inputs:
            tensor, source = self.tensors[index], self.file.tensors[index]
            where = f"{self.path}, input {tensor.name!r}"
            if tensor.data is not None:
                raise ModelError("an input of the model is a constant", where, "remove this input from the model")
            if -1 in source.signature[1:]:
                hint = "convert the model with a fixed input shape"
                raise ModelError(f"the shape {list(source.signature)} is open", where, hint)
            if -1 in (*source.signature[:1], *source.shape[:1]):
                self.notes.append(f"input {tensor.name!r}: dynamic batch bound to 1")
            if len(tensor.shape) == 4 and tensor.shape[0] != 1:
                hint = "convert the model with a batch of 1"
                raise ModelError(f"the batch is {tensor.shape[0]}; 1 is supported", where, hint)

    def _require_order(self, network: Network) -> None:
        """Everything is computed once, and before it is used."""
        known = set(network.inputs)
        if len(known) != len(network.inputs):
            raise damaged(self.path, "an input appears twice")
        for operator in network.operators:
            for name in operator.inputs:
                if name not in known and network.tensors[name].data is None:
                    raise damaged(self.path, f"tensor {name!r} is used by {operator.name!r} before it is computed")
            for name in operator.outputs:
                if name in known or network.tensors[name].data is not None:
                    raise damaged(self.path, f"tensor {name!r} is computed twice")
                known.add(name)
        for name in network.outputs:
            if name not in known and network.tensors[name].data is None:
                raise damaged(self.path, f"output {name!r} is not computed")

    # --- operators ---------------------------------------------------------------------------------------------------

    def _operator(self, index: int, operator: FileOperator) -> Operator:
        layer = Layer(
            path=self.path,
            index=index,
            kind=operator.kind,
            name=self.tensors[operator.outputs[0]].name if operator.outputs else "",
            options=operator.options,
            inputs=[self.tensors.get(i) for i in operator.inputs],
            outputs=[self.tensors[i] for i in operator.outputs],
            notes=self.notes,
        )
        if operator.kind not in READERS:
            hint = "replace the operator in the model, or compute it in the application; supported are "
            raise layer.error("the operator is not supported", hint + ", ".join(READERS))
        reader = READERS[operator.kind]
        attributes, arithmetic = reader.read(layer)
        inputs = [tensor.name for tensor in layer.inputs[: reader.operands] if tensor is not None]
        for tensor in (*layer.inputs[: reader.operands], *layer.outputs):
            if tensor is not None and tensor.dtype not in DTYPE_SIZES:
                raise layer.error(f"{tensor.dtype} is not supported")
        return Operator(layer.name, operator.kind, attributes, inputs, [layer.output.name], arithmetic)

    def _widened(self, operator: FileOperator) -> bool:
        """Turns DEQUANTIZE of a float16 constant into a float32 constant; True when it did."""
        if operator.kind != "DEQUANTIZE" or len(operator.inputs) != 1 or len(operator.outputs) != 1:
            return False
        source, target = self.tensors.get(operator.inputs[0]), self.tensors[operator.outputs[0]]
        if source is None or source.data is None or source.dtype != "float16" or target.dtype != "float32":
            return False
        if source.shape != target.shape:
            raise damaged(self.path, f"tensor {target.name!r} has another shape than its float16 constant")
        target.data = source.data.astype(np.float32)
        note = "float16 constants widened to float32"
        if note not in self.notes:
            self.notes.append(note)
        return True
