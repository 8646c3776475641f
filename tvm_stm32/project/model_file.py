# SPDX-License-Identifier: Apache-2.0
"""The model that a project is made for, as one file, whatever it is given as."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.errors import ModelError
from tvm_stm32.model.library_format import is_archive, read_source


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file by its bytes: one that was named, or the source of the `archive` that was.

    `name` is what it may be called in C, `suffix` says what it is, as ".tflite".
    """

    name: str
    suffix: str
    content: bytes
    archive: bytes | None = None


def read_model_file(path: Path) -> ModelFile:
    """The model in the file `path`, or in that archive.

    Raises:
        ModelError: the file cannot be read, or is a Model Library Format archive that has no model to compile.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"cannot read the model file: {error.strerror or error}", str(path), "check the path"
        ) from error
    if is_archive(content):
        source = read_source(content, str(path))
        return ModelFile(source.module, Path(source.file).suffix, source.content, content)
    name = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower()
    return ModelFile(name, path.suffix.lower(), content)


def whole_model(model: ModelFile, folder: Path) -> bytes:
    """The content of a valid model; what an .onnx file keeps in other files of `folder` is put into it."""
    if model.suffix != ".onnx" or model.archive:
        return model.content
    import onnx  # here: it takes longer to load than all the rest

    document = onnx.load_model_from_string(model.content)
    as_it_is: bytes = document.SerializeToString(deterministic=True)
    onnx.load_external_data_for_model(document, str(folder))
    completed: bytes = document.SerializeToString(deterministic=True)
    return model.content if completed == as_it_is else completed
