# SPDX-License-Identifier: Apache-2.0
"""A .tflite file as plain data: the tables of the flatbuffer, nothing interpreted yet.

The flatbuffer library checks nothing: a damaged offset ends in ``struct.error``, a negative position or a vector of
four billion entries. Everything is therefore read here, once, with the lengths checked before a loop trusts them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from tvm_stm32.errors import ModelError

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

#: operator -> its table of options and the fields that are read
OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ADD": ("AddOptions", ("FusedActivationFunction",)),
    "AVERAGE_POOL_2D": (
        "Pool2DOptions",
        ("Padding", "StrideW", "StrideH", "FilterWidth", "FilterHeight", "FusedActivationFunction"),
    ),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", "FusedActivationFunction")),
    "CONV_2D": (
        "Conv2DOptions",
        ("Padding", "StrideW", "StrideH", "DilationWFactor", "DilationHFactor", "FusedActivationFunction"),
    ),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        (
            "Padding",
            "StrideW",
            "StrideH",
            "DilationWFactor",
            "DilationHFactor",
            "DepthMultiplier",
            "FusedActivationFunction",
        ),
    ),
    "FULLY_CONNECTED": ("FullyConnectedOptions", ("FusedActivationFunction", "WeightsFormat", "KeepNumDims")),
    "LEAKY_RELU": ("LeakyReluOptions", ("Alpha",)),
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "MUL": ("MulOptions", ("FusedActivationFunction",)),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
    "SUB": ("SubOptions", ("FusedActivationFunction",)),
}
OPTIONS["MAX_POOL_2D"] = OPTIONS["AVERAGE_POOL_2D"]


@dataclass(frozen=True, slots=True)
class FileTensor:
    """A row of the tensor table. `data` is the buffer's bytes; None when the buffer is empty (not a constant)."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]  #: shape with -1 where the size is open; empty when the file has none
    type: str  #: the schema's name, such as "INT8"
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    data: npt.NDArray[np.uint8] | None
    variable: bool
    sparse: bool


@dataclass(frozen=True, slots=True)
class FileOperator:
    """A row of the operator table. `inputs` and `outputs` index the tensor table; -1 is an absent optional input."""

    kind: str  #: the schema's name, such as "CONV_2D"
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileModel:
    """The only subgraph of the file."""

    tensors: list[FileTensor]
    operators: list[FileOperator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_file(path: Path) -> FileModel:
    """Reads the tables of a .tflite file.

    Raises:
        ModelError: the file is missing, is no .tflite file, is damaged, or has several subgraphs.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model file: {error.strerror or error}", str(path)) from error
    if len(content) < 8 or content[4:8] != IDENTIFIER:
        what = "the model file is empty" if not content else "this is not a TensorFlow Lite model"
        hint = f"a .tflite file has {IDENTIFIER.decode()} in its bytes 4 to 7"
        raise ModelError(what, str(path), hint)
    try:
        return _Decoder(content, path).model()
    except UnicodeDecodeError as error:
        raise damaged(path, "a name is not UTF-8") from error
    except IndexError as error:
        raise damaged(path, "an index leads out of its table") from error
    except (struct.error, ArithmeticError, MemoryError, TypeError, ValueError) as error:
        # what the flatbuffer library raises on broken offsets and lengths
        raise damaged(path, "an offset or a length leads out of the file") from error


def damaged(path: Path, detail: str) -> ModelError:
    """The error for a file whose structure does not hold."""
    hint = "copy or export the model again; the file was truncated or altered"
    return ModelError(f"the model file is damaged ({detail})", str(path), hint)


class _Decoder:
    """Walks the flatbuffer of one file."""

    def __init__(self, content: bytes, path: Path) -> None:
        self.content = content
        self.path = path
        self.table = tflite.Model.GetRootAs(content, 0)

    def model(self) -> FileModel:
        version = self.table.Version()
        if version != SCHEMA_VERSION:
            raise damaged(self.path, f"schema version {version}, expected {SCHEMA_VERSION}")
        graphs = self.entries(self.table.SubgraphsLength(), self.table.Subgraphs)
        if len(graphs) != 1:
            what = f"the model has {len(graphs)} subgraphs; one is supported"
            raise ModelError(what, str(self.path), "export the model without control flow and without variables")
        graph = graphs[0]
        buffers = [self.data(b) for b in self.entries(self.table.BuffersLength(), self.table.Buffers)]
        codes = self.entries(self.table.OperatorCodesLength(), self.table.OperatorCodes)
        kinds = [self.kind(code) for code in codes]
        return FileModel(
            tensors=[self.tensor(t, buffers) for t in self.entries(graph.TensorsLength(), graph.Tensors)],
            operators=[self.operator(o, kinds) for o in self.entries(graph.OperatorsLength(), graph.Operators)],
            inputs=_integers(graph.InputsAsNumpy()),
            outputs=_integers(graph.OutputsAsNumpy()),
        )

    def entries(self, length: int, entry: Callable[[int], Any]) -> list[Any]:
        """The entries of a vector of tables; every one takes at least its four bytes of offset."""
        if length > len(self.content) // 4:
            raise damaged(self.path, f"a table of {length} entries in a file of {len(self.content)} bytes")
        return [entry(i) for i in range(length)]

    def data(self, buffer: Any) -> npt.NDArray[np.uint8] | None:
        """The bytes of a buffer; None when empty."""
        if buffer.Offset() > 1:
            hint = "export a model of less than 2 GB, with its weights inside the flatbuffer"
            raise ModelError("the weights lie outside the flatbuffer", str(self.path), hint)
        return buffer.DataAsNumpy() if buffer.DataLength() else None

    def kind(self, code: Any) -> str:
        """The name of an operator; the schema moved the code to a wider field and kept the old one."""
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name: str = tflite.utils.BUILTIN_OPCODE2NAME.get(number, f"operator {number}")
        if name == "CUSTOM":
            return f"CUSTOM {(code.CustomCode() or b'').decode()}"
        return name

    def tensor(self, tensor: Any, buffers: list[npt.NDArray[np.uint8] | None]) -> FileTensor:
        quantization = tensor.Quantization()
        if quantization is not None and quantization.DetailsType() != 0:
            raise ModelError("custom quantization is not supported", str(self.path), "quantize to int8")
        return FileTensor(
            name=(tensor.Name() or b"").decode(),
            shape=_integers(tensor.ShapeAsNumpy()),
            signature=_integers(tensor.ShapeSignatureAsNumpy()),
            type=_name_of(tflite.TensorType, tensor.Type()),
            scales=() if quantization is None else tuple(float(s) for s in _values(quantization.ScaleAsNumpy())),
            zero_points=() if quantization is None else _integers(quantization.ZeroPointAsNumpy()),
            axis=0 if quantization is None else quantization.QuantizedDimension(),
            data=buffers[tensor.Buffer()],
            variable=bool(tensor.IsVariable()),
            sparse=tensor.Sparsity() is not None,
        )

    def operator(self, operator: Any, kinds: list[str]) -> FileOperator:
        kind = kinds[operator.OpcodeIndex()]
        return FileOperator(
            kind=kind,
            inputs=_integers(operator.InputsAsNumpy()),
            outputs=_integers(operator.OutputsAsNumpy()),
            options=self.options(operator, kind),
        )

    def options(self, operator: Any, kind: str) -> dict[str, Any]:
        """The fields of the operator's options; a file may leave the table out where every default is meant."""
        if kind not in OPTIONS:
            return {}
        name, fields = OPTIONS[kind]
        table = getattr(tflite, name)()
        found = operator.BuiltinOptionsType()
        if found == 0:
            table.Init(_DEFAULTS, _DEFAULTS_POSITION)
        elif found == getattr(tflite.BuiltinOptions, name) and (union := operator.BuiltinOptions()) is not None:
            table.Init(union.Bytes, union.Pos)
        else:
            raise damaged(self.path, f"{kind} with options of kind {_name_of(tflite.BuiltinOptions, found)}")
        return {field: getattr(table, field)() for field in fields}


#: a table without fields: every accessor answers the schema's default
_DEFAULTS = struct.pack("<HHi", 4, 4, 4)
_DEFAULTS_POSITION = 4


def _values(vector: Any) -> npt.NDArray[Any]:
    """A vector of the file; the library answers the number 0 for one that is absent."""
    return vector if isinstance(vector, np.ndarray) else np.zeros(0)


def _integers(vector: Any) -> tuple[int, ...]:
    return tuple(int(v) for v in _values(vector))


def _name_of(enum: Any, number: int) -> str:
    """The schema's name of an enumeration value."""
    return next((name for name, value in vars(enum).items() if value == number), f"number {number}")
