# SPDX-License-Identifier: Apache-2.0
"""Reads the source of a model out of a Model Library Format archive, version 7, as ``tvm-stm32 export-mlf`` writes it.

The archive is not unpacked: nothing of it reaches the disk but the one file that is asked for. Still all of it is
checked first, since whoever made it may have meant harm, or other tools read it too.

Layout: ``python/tvm/micro/model_library_format.py`` of TVM before microTVM was removed.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from tvm_stm32.errors import ModelError
from tvm_stm32.model.tar import read_members

VERSION = 7
METADATA = "metadata.json"
#: field of a module that other readers of the format pass over: an `ArchivedSettings`
SETTINGS = "tvm_stm32"
#: what a source may be: what this package can compile
SOURCES = (".tflite", ".onnx", ".pt2")

_EXPORT = "write it again: tvm-stm32 export-mlf"


def is_archive(content: bytes) -> bool:
    """Whether `content` is a tar archive."""
    return content[257:262] == b"ustar"


def is_archive_file(path: Path) -> bool:
    """Whether `path` is a file, and a tar archive."""
    try:
        with path.open("rb") as file:
            return is_archive(file.read(512))
    except OSError:
        return False


def library_files(module: str) -> list[str]:
    """The members that an archive with the model `module` has at least, beside `METADATA` and the source."""
    return [
        f"codegen/host/include/tvmgen_{module}.h",
        f"codegen/host/src/{module}_lib0.c",
        f"parameters/{module}.params",
    ]


class ArchivedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the code of an archive was compiled with, beside its name; the same settings give the same code."""

    cpu: str
    part: str  # "" when only a core was named
    float_abi: Literal["hard", "soft", "any"]
    optimize: Literal["time", "ram", "balanced"]
    inputs: Literal["arena", "application"]
    outputs: Literal["arena", "application"]
    keep_channels: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The file that the model `module` of an archive was compiled from: its name, and its bytes.

    `settings` are those of the archive, if it has them.
    """

    module: str
    file: str
    content: bytes
    settings: ArchivedSettings | None


def read_source(content: bytes, where: str) -> Source:
    """The file that the archive's model was compiled from.

    Args:
        content: the archive.
        where: its path, for messages.

    Raises:
        ModelError: it is damaged, holds anything but plain files at places of their own inside it, has another
            version, not exactly one model, or lacks members.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = read_members(archive, where, ModelError)
            module, settings = _module(members, where)
            for name in library_files(module):
                if name not in members:
                    raise ModelError(f"the archive lacks {name}", where, _EXPORT)
            sources = [name for name in members if PurePosixPath(name).parent == PurePosixPath("src")]
            known = [name for name in sources if name.endswith(SOURCES)]
            if len(known) != 1:
                found = ", ".join(sources) or "nothing"
                hint = "compile the file that it was made from: " + ", ".join(SOURCES)
                raise ModelError(f"the archive has no one model file in src/, but {found}", where, hint)
            return Source(module, PurePosixPath(known[0]).name, members[known[0]], settings)
    except tarfile.TarError as error:
        raise ModelError(f"the archive is damaged: {error}", where, _EXPORT) from error


def _module(members: dict[str, bytes], where: str) -> tuple[str, ArchivedSettings | None]:
    """The name of the archive's only model, and what it was compiled with."""
    if METADATA not in members:
        raise ModelError(f"the archive lacks {METADATA}: it is not in Model Library Format", where, _EXPORT)
    try:
        metadata = json.loads(members[METADATA], object_pairs_hook=_without_repetition)
    except _RepetitionError as error:
        raise ModelError(f"the archive has several modules, or fields, called {error}", where, _EXPORT) from error
    except ValueError as error:
        raise ModelError(f"{METADATA} is no JSON: {error}", where, _EXPORT) from error
    version = metadata.get("version") if isinstance(metadata, dict) else None
    if version != VERSION or isinstance(version, bool):
        raise ModelError(f"the archive has version {version} of the format, this reads {VERSION}", where, _EXPORT)
    modules = metadata.get("modules")
    if not isinstance(modules, dict) or len(modules) != 1:
        names = ", ".join(modules) if isinstance(modules, dict) and modules else "none"
        raise ModelError(f"the archive has not one model, but {names}", where, "export each model to its own archive")
    ((name, module),) = modules.items()
    if not isinstance(module, dict) or module.get("model_name") != name or not str(name).isidentifier():
        raise ModelError(f"{METADATA} contradicts itself about the model {name}", where, _EXPORT)
    try:
        settings = msgspec.convert(module[SETTINGS], ArchivedSettings) if SETTINGS in module else None
    except msgspec.ValidationError as error:
        raise ModelError(f"{METADATA} has settings that are none: {error}", where, _EXPORT) from error
    return str(name), settings


class _RepetitionError(Exception):
    """A JSON object has a key twice; the text is the key."""


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for index, (key, _) in enumerate(pairs):
        if key in (other for other, _ in pairs[:index]):
            raise _RepetitionError(key)
    return dict(pairs)


def unpack_source(content: bytes, where: str, folder: Path) -> Path:
    """Write the file that the archive's model was compiled from into `folder`; see `read_source`."""
    source = read_source(content, where)
    (folder / source.file).write_bytes(source.content)
    return folder / source.file
