# SPDX-License-Identifier: Apache-2.0
"""An .onnx file as a checked protobuf: parsed, external weights loaded, functions inlined, batch bound to 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnx.checker
import onnx.defs
import onnx.external_data_helper
import onnx.inliner

from tvm_stm32.errors import ModelError

OLDEST_OPSET = 7


def read_file(path: Path) -> Any:
    """The ModelProto of an .onnx file, its weights with it.

    Raises:
        ModelError: the file is missing, is no ONNX model, or is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model file: {error.strerror or error}", str(path)) from error
    model = _parse(content, path)
    _load_external_data(model, path)
    return model


def checked(model: Any, path: Path, notes: list[str]) -> Any:
    """A ModelProto, valid by ONNX's own checker, with a batch of 1.

    Args:
        model: it is changed.
        path: the file it comes from, for messages.
        notes: receives a message for each dimension that was bound.

    Raises:
        ModelError: the model is not valid, or has open dimensions.
    """
    _require_opset(model, path)
    _normalize(model)
    try:
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        onnx.checker.check_model(model)
    except Exception as error:  # the checker is native code with several exception types of its own
        raise invalid(path, error) from error
    _bind_shapes(model, path, notes)
    return model


def invalid(path: Path, error: Exception) -> ModelError:
    """The error for a file that parses but is not a valid model."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("==>")]
    detail = lines[0] if lines else type(error).__name__
    hint = "the file is damaged or was exported wrongly: copy or export the model again"
    return ModelError(f"this is not a valid ONNX model: {detail[:300]}", str(path), hint)


def _parse(content: bytes, path: Path) -> Any:
    """Decodes the protobuf, which by itself accepts many files that are something else."""
    hint = "give an .onnx file; if this is one, it was truncated or altered: copy or export it again"
    if not content:
        raise ModelError("the model file is empty", str(path), hint)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except Exception as error:  # google.protobuf.message.DecodeError; also RecursionError and UnicodeDecodeError
        raise ModelError("this is not an ONNX model, or the file is damaged", str(path), hint) from error
    if not model.ir_version or not model.HasField("graph") or not model.opset_import:
        raise ModelError("this is not an ONNX model", str(path), hint)
    if not _has_text_names(model):
        raise ModelError("the file is damaged (a name is not UTF-8)", str(path), hint)
    if not model.graph.node:
        raise ModelError("the model has no operators", str(path), hint)
    return model


def _has_text_names(message: Any) -> bool:
    """Whether every string field is text: protobuf gives one that is not UTF-8 as bytes, without a word."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        if field.type == field.TYPE_STRING and not all(isinstance(text, str) for text in values):
            return False
        if field.type == field.TYPE_MESSAGE and not all(_has_text_names(part) for part in values):
            return False
    return True


def _load_external_data(model: Any, path: Path) -> None:
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # OSError for a missing file; the helper raises others for paths it does not trust
        hint = "keep the file with the external weights beside the model, or save the model in one file"
        raise ModelError(f"the external weights cannot be read: {error}", str(path), hint) from error


def _require_opset(model: Any, path: Path) -> None:
    newest = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and not OLDEST_OPSET <= entry.version <= newest:
            hint = f"export the model with an opset from {OLDEST_OPSET} to {newest}"
            raise ModelError(f"opset {entry.version} is not supported", str(path), hint)


def _normalize(model: Any) -> None:
    """Makes constants of initializers that are listed as inputs, as old exporters do, open dimensions of those that
    are negative, as of Paddle's exporter, and standard operators of onnxruntime's own copies of them."""
    graph = model.graph
    initializers = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initializers]
    del graph.input[:]
    graph.input.extend(inputs)
    for value in (*graph.input, *graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_value < 0:
                dimension.Clear()
    model.ir_version = max(model.ir_version, 4)  # the first that allows initializers which are no inputs
    for node in graph.node:
        if node.domain == "com.microsoft" and node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            node.domain = ""


def _bind_shapes(model: Any, path: Path, notes: list[str]) -> None:
    """Binds an open batch to 1; forgets the shapes that an exporter derived, as inference derives them again."""
    graph = model.graph
    bound = {_bind_input(value, path, notes) for value in graph.input} - {""}
    for value in graph.input:
        _refuse_open(value, bound, path)
    del graph.value_info[:]
    for value in graph.output:
        kind = value.type.tensor_type
        if any(not dimension.HasField("dim_value") for dimension in kind.shape.dim):
            kind.ClearField("shape")


def _bind_input(value: Any, path: Path, notes: list[str]) -> str:
    """Binds the first dimension of an input when it is open; returns the name it had."""
    where = f"{path}, input {value.name!r}"
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        raise ModelError("the input has no shape", where, "export the model with a fixed input shape")
    dimensions = value.type.tensor_type.shape.dim
    if not dimensions:
        return ""
    batch = dimensions[0]
    if not batch.HasField("dim_value"):
        name = str(batch.dim_param)
        batch.dim_value = 1
        notes.append(f"input {value.name!r}: dynamic batch {name!r} bound to 1" if name else
                     f"input {value.name!r}: dynamic batch bound to 1")  # fmt: skip
        return name
    if batch.dim_value != 1 and len(dimensions) > 1:
        hint = "export the model with a batch of 1, or with a dynamic batch"
        raise ModelError(f"the batch is {batch.dim_value}; 1 is supported", where, hint)
    return ""


def _refuse_open(value: Any, bound: set[str], path: Path) -> None:
    """Refuses dimensions that are still open, by name."""
    for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
        if dimension.HasField("dim_value") and dimension.dim_value > 0:
            continue
        where = f"{path}, input {value.name!r}"
        if dimension.HasField("dim_value"):
            raise ModelError(f"dimension {axis} is {dimension.dim_value}", where, "export the model again")
        name = f" {dimension.dim_param!r}" if dimension.dim_param else ""
        also = ", which is also the batch's name" if dimension.dim_param in bound else ""
        hint = "fix it when exporting, or with onnxruntime.tools.make_dynamic_shape_fixed"
        raise ModelError(f"dimension {axis} is dynamic{name}{also}", where, hint)
