# SPDX-License-Identifier: Apache-2.0
"""A model as one file, whatever it is given as: a file, an archive with one, or a file with its weights in others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.errors import ModelError
from tvm_stm32.model.external_weights import external_names
from tvm_stm32.model.library_format import ArchivedSettings, is_archive, read_source


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file by its name and bytes: one that was named, or the source of the `archive` that was.

    `name` is what it may be called in C; `settings` is what the archive's code was compiled with, if it says so.
    """

    name: str
    file: str
    content: bytes
    archive: bytes | None = None
    settings: ArchivedSettings | None = None

    @property
    def suffix(self) -> str:
        """What kind of file it is, as ".tflite"."""
        return Path(self.file).suffix.lower()


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
        return ModelFile(source.module, source.file, source.content, content, source.settings)
    name = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower()
    return ModelFile(name, path.name, content)


def whole_model(content: bytes, folder: Path) -> bytes:
    """The content of a model file, with what it keeps in other files of `folder` put into it.

    Raises:
        ModelError: one of those is not there, or outside of `folder`.
    """
    if content[4:8] == b"TFL3" or content.startswith(b"PK") or not external_names(content):
        return content
    import onnx  # here: it takes longer to load than all the rest

    try:
        document = onnx.load_model_from_string(content)
        onnx.load_external_data_for_model(document, str(folder))
    except Exception as error:  # OSError for a missing file; onnx raises others for paths that it does not trust
        raise ModelError(f"the external weights cannot be read: {error}", str(folder), "keep them beside it") from error
    completed: bytes = document.SerializeToString(deterministic=True)
    return completed
