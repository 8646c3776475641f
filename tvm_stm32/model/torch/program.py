# SPDX-License-Identifier: Apache-2.0
"""A .pt2 file as PyTorch's `ExportedProgram`, and that as an ONNX model. Imports PyTorch."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tvm_stm32.errors import ModelError, missing_extra
from tvm_stm32.model.torch.archive import safe_archive
from tvm_stm32.model.torch.translations import translations

_OPEN_HINT = (
    "export the model with fixed extents; only the batch may be open: dynamic_shapes=({0: torch.export.Dim('n')},)"
)


def load_program(content: bytes, where: str) -> Any:
    """The ``torch.export.ExportedProgram`` in the .pt2 file `content`; nothing in the file is run.

    Args:
        content: the file.
        where: its path, for messages.

    Raises:
        ModelError: it is no .pt2 file, is damaged, or of another version.
        ToolError: PyTorch is not installed.
    """
    archive = safe_archive(content, where)
    with _quiet():
        torch = _import("torch")
        _import("torch.ao.quantization.fx._decomposed")  # registers the operators of quantized programs
        try:
            return torch.export.load(io.BytesIO(archive))
        except Exception as error:  # of many kinds, by what is wrong
            hint = f"write the file again: torch.export.save, with PyTorch {torch.__version__.partition('+')[0]}"
            raise ModelError(f"PyTorch cannot read the program: {_first_line(error)}", where, hint) from error


def to_onnx(program: Any, path: Path) -> Any:
    """The program as an ONNX ModelProto, by PyTorch's exporter; its nodes are named as `translations` leaves them.

    Raises:
        ModelError: an extent other than the batch is open, or the exporter does not know an operator.
        ToolError: a package is not installed.
    """
    for name, shape in input_shapes(program).items():
        open_axes = [axis for axis, extent in enumerate(shape) if axis and not isinstance(extent, int)]
        if open_axes:
            raise ModelError(f"dimension {open_axes[0]} is dynamic", f"{path}, input {name!r}", _OPEN_HINT)
    with _quiet():
        torch = _import("torch")
        _import("onnxscript")
        try:
            exported = torch.onnx.export(
                program, dynamo=True, verbose=False, optimize=False, custom_translation_table=translations()
            )
        except Exception as error:  # OnnxExporterError; others where the exporter has faults
            raise _untranslated(program, path, error) from error
    changed = list(exported.exported_program.graph_signature.buffers_to_mutate.values())
    if changed:
        hint = "give state to the model as an input, and take it from an output"
        raise ModelError(f"the program changes its buffer {changed[0]!r} in each run", str(path), hint)
    return exported.model_proto


def input_shapes(program: Any) -> dict[str, tuple[Any, ...]]:
    """Name -> shape of each input that the application gives."""
    names = set(program.graph_signature.user_inputs)
    placeholders = (node for node in program.graph.nodes if node.op == "placeholder" and node.name in names)
    return {node.name: tuple(node.meta["val"].shape) for node in placeholders}


def _untranslated(program: Any, path: Path, error: Exception) -> ModelError:
    """The error about the operator that the exporter stopped at."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)  # type: ignore[arg-type]
    found = re.search(
        r"translating node %(\w+) .*?target=torch\.ops\.([\w.]+)\]\(args = (.*)\)", "\n".join(map(str, causes))
    )
    if found is None:
        return ModelError(f"PyTorch cannot export the program to ONNX: {_first_line(causes[-1])}", str(path))
    nodes = {node.name: node for node in program.graph.nodes}
    operands = [nodes[name] for name in re.findall(r"%(\w+)", found[3]) if name in nodes]
    reader = nodes.get(found[1]) or next(iter(operands[0].users), None) if operands else None
    stack = list(reader.meta.get("nn_module_stack", {}).values()) if reader else []
    layer = (stack[-1][0] if stack else "") or found[1]
    types = ", ".join(_describe(node.meta.get("val")) for node in operands)
    hint = "replace the operator in the model, or compute it in the application"
    if "choose_qparams" in found[2]:
        hint = "this is dynamic quantization: calibrate the model instead, with a quantizer that is not dynamic"
    return ModelError("the operator is not supported", f'{path}, layer "{layer}", {found[2]} ({types})', hint)


def _describe(value: Any) -> str:
    """Such as ``float32[1,3,32,32]``."""
    if not hasattr(value, "shape"):
        return "?"
    return f"{str(value.dtype).removeprefix('torch.')}[{','.join(map(str, value.shape))}]"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def _import(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise missing_extra(str(error.name), "torch") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """PyTorch warns of much that nobody who compiles a model can change."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
