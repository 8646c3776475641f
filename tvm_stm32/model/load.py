# SPDX-License-Identifier: Apache-2.0
"""Read a model file of any supported format, told by its content."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.errors import ModelError
from tvm_stm32.model.library_format import is_archive, unpack_source
from tvm_stm32.model.model_file import whole_model
from tvm_stm32.model.network import Network
from tvm_stm32.model.torch.archive import is_torch

_SUFFIXES = {".tflite": "TFLite", ".onnx": "ONNX", ".pt2": "PyTorch", ".pt": "PyTorch", ".pth": "PyTorch"}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network and where it came from: file name without folders, format, sha256 of the whole file in hex.

    What an .onnx file keeps in other files counts as if it were in it. `translators` are the distributions that read
    the file in this package's stead, as TFLite and ONNX need none.
    """

    network: Network
    source: str
    format: str
    signature: str
    translators: tuple[str, ...] = ()


def load_model(path: Path) -> LoadedModel:
    """Read `path`.

    Raises:
        ModelError: the file is missing, empty, damaged, of an unknown format, or uses something unsupported.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"cannot read the model file: {reason}", str(path), "check the path") from error
    if not content:
        raise ModelError("the model file is empty", str(path), "export or download the model again")
    if is_archive(content):
        return _load_archived(path, content)
    kind = "TFLite" if content[4:8] == b"TFL3" else "PyTorch" if is_torch(content) else ""
    kind = kind or _SUFFIXES.get(path.suffix.lower(), "")
    if kind == "TFLite":
        from tvm_stm32.model.tflite import read_tflite as read
    elif kind == "ONNX":
        from tvm_stm32.model.onnx import read_onnx as read
    elif kind == "PyTorch":
        from tvm_stm32.model.torch.reader import read_torch as read
    else:
        hint = "give a .tflite (TFLite flatbuffer), .onnx or .pt2 (torch.export.save) file"
        raise ModelError("not a model file of a known format", str(path), hint)
    network = read(path)
    signature = hashlib.sha256(whole_model(content, path.parent)).hexdigest()
    return LoadedModel(network, path.name, kind, signature, ("onnxscript", "torch") if kind == "PyTorch" else ())


def _load_archived(path: Path, content: bytes) -> LoadedModel:
    """The model in the archive `path`, as if its file had been named."""
    with tempfile.TemporaryDirectory(prefix="tvm_stm32_") as folder:
        source = unpack_source(content, str(path), Path(folder))
        try:
            return load_model(source)
        except ModelError as error:
            raise ModelError(
                error.what, error.where.replace(str(source), f"{path}: {source.name}"), error.hint
            ) from error
