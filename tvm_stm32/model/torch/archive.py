# SPDX-License-Identifier: Apache-2.0
"""The files that PyTorch writes, told apart by their content, and a .pt2 file without what could run code.

PyTorch unpickles some records of a .pt2 file, and compiles Python from names in its program. So a file is never handed
to PyTorch as it is, but put together anew: of its records those that are plain data, the program after
`tvm_stm32.model.torch.screen` has seen every string of it. Neither needs PyTorch.

Layout: ``torch/export/pt2_archive`` and, of the other files, ``torch/serialization.py`` of PyTorch 2.13.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

from tvm_stm32.errors import ModelError
from tvm_stm32.model.torch.screen import screen_payload, screen_program

PROGRAM = "models/model.json"
#: what `torch.save` wrote before it wrote zip files: a pickle of its magic number
_OLD_PICKLE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
#: what a .pt2 file with an example of its inputs has; it is a pickle, and not needed
_EXAMPLE = "data/sample_inputs/model.pt"
_PLAIN = re.compile(
    r"models/model\.json|data/(weights|constants)/\w+|data/(weights|constants)/model_\w+_config\.json"
    r"|archive_format|archive_version|byteorder|\.data/\w+"
)
_SCREENED: dict[str, Callable[[Any, str], None]] = {
    PROGRAM: screen_program,
    "data/weights/model_weights_config.json": screen_payload,
    "data/constants/model_constants_config.json": screen_payload,
}

EXPORT_HINT = (
    "write the program itself to a file, where the model is defined, and compile that:\n"
    "        program = torch.export.export(model.eval(), (example_input,))\n"
    '        torch.export.save(program, "model.pt2")'
)
_DAMAGED = "copy the file again, or write it again with torch.export.save"


def is_torch(content: bytes) -> bool:
    """Whether `content` is a file that PyTorch writes: a program, weights, or something else."""
    return content.startswith(_OLD_PICKLE) or bool(_kind(_names(content)))


def is_program(content: bytes) -> bool:
    """Whether `content` is what ``torch.export.save`` writes."""
    return PROGRAM in _names(content)


def safe_archive(content: bytes, where: str) -> bytes:
    """The .pt2 file `content` with nothing in it but plain data.

    Args:
        content: the file.
        where: its path, for messages.

    Raises:
        ModelError: it is no .pt2 file, is damaged, or holds what would have to be unpickled or run.
    """
    if not is_program(content):
        raise _refusal(content, where)
    written = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(written, "w") as safe:
            entries = {_member(entry.filename): entry for entry in archive.infolist()}
            if len(entries) != len(archive.infolist()):
                raise ModelError("the file has a record twice", where, _DAMAGED)
            for name, entry in entries.items():
                if name == _EXAMPLE:
                    safe.writestr(entry.filename, b"")
                elif entry.compress_type == zipfile.ZIP_STORED and _PLAIN.fullmatch(name):
                    safe.writestr(entry.filename, _screened(name, archive.read(entry), where))
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"the file is damaged: {error}", where, _DAMAGED) from error
    return written.getvalue()


def _screened(name: str, record: bytes, where: str) -> bytes:
    """A record as it may be read: programs and lists of weights without anything but names and numbers."""
    if name not in _SCREENED:
        return record
    try:
        document = json.loads(record)
        _SCREENED[name](document, where)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"the file is damaged: {name} cannot be read", where, _DAMAGED) from error
    return json.dumps(document).encode()


def _names(content: bytes) -> set[str]:
    """The records of a zip file, without the folder that all are in; none where it is no zip file."""
    if not content.startswith(b"PK\x03\x04"):
        return set()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {_member(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError):
        return set()


def _member(name: str) -> str:
    """Files before PyTorch 2.8 have no folder."""
    return name if name.startswith("serialized_") or "/" not in name else name.partition("/")[2]


def _kind(names: set[str]) -> str:
    """What a file with these records is, in words; empty where it is not of PyTorch."""
    if PROGRAM in names:
        return "a program"
    if "serialized_exported_program.json" in names:
        return "a program in the form of PyTorch 2.7 and before"
    if any(name.startswith("data/aotinductor/") for name in names):
        return "a model that AOTInductor has compiled for another machine"
    if "data.pkl" in names:
        return "a TorchScript module" if "constants.pkl" in names else "a pickle: weights (a state dict), or a module"
    return ""


def _refusal(content: bytes, where: str) -> ModelError:
    kind = _kind(_names(content))
    if content.startswith(_OLD_PICKLE):
        kind = "a pickle in PyTorch's old form: weights (a state dict), or a module"
    if kind:
        return ModelError(f"this is {kind}, which is not read", where, EXPORT_HINT)
    if content.startswith(b"PK"):
        return ModelError("this is no .pt2 file, or it is damaged", where, _DAMAGED)
    return ModelError("this is no file of torch.export.save, or it is damaged", where, EXPORT_HINT)
