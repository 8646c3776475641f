# SPDX-License-Identifier: Apache-2.0
"""What a project is given beside its model: macros, files of the user's, include folders, and strictness."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tvm_stm32.errors import SettingsError
from tvm_stm32.model.tar import read_members

#: Values that mean the same to a C compiler, Python, CMake and every shell: numbers, identifiers, and plain strings.
_DEFINITION = re.compile(r'(?:-D)?([A-Za-z_]\w*)(?:=("[\w .,:;/+-]*"|[\w.+-]*))?', re.ASCII)
_SEVERAL = re.compile(rf"\s*(?:{_DEFINITION.pattern}(?:[\s;]+|$))*", re.ASCII)

#: below a folder of CMSIS, where the headers of cores can be: of itself, of versions 5 and 6, of STM32Cube
_CORE_HEADERS = ("", "CMSIS/Core/Include", "Core/Include", "CMSIS/Include", "Include", "Drivers/CMSIS/Include")
_CORE_HEADER = "cmsis_compiler.h"
#: paths in which no build tool sees anything of its own
_PLAIN_PATH = re.compile(r"[\w ./+:@~-]+")

#: macros: name, and value or None
Definitions = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Additions:
    """Of the firmware's own sources: the network's are compiled as they always are."""

    warning_as_error: bool = False
    definitions: Definitions = ()
    files: Mapping[str, bytes] = field(default_factory=dict)  #: path in the project -> content
    folders: tuple[str, ...] = ()  #: include folders outside of the project

    @property
    def sources(self) -> list[str]:
        """The C files among `files` that are part of the firmware: those in ``src``."""
        return sorted(name for name in self.files if name.startswith("src/") and name.endswith(".c"))

    @property
    def include_folders(self) -> list[str]:
        """Where headers are: the project's folders that have been given any, and `folders`."""
        headers = [PurePosixPath(name).parts[0] for name in self.files if name.endswith(".h")]
        return [*(folder for folder in ("include", "src") if folder in headers), *self.folders]


def read_definitions(given: str | Sequence[str]) -> Definitions:
    """Macros, each as ``NAME``, ``NAME=VALUE`` or ``-DNAME=VALUE``; a text has several, with blanks or ``;`` between.

    Raises:
        SettingsError: one is none, or more than that: an option, say, or a command of a shell; or comes twice.
    """
    if isinstance(given, str):
        if not _SEVERAL.fullmatch(given):
            raise _no_definition(given)
        found = list(_DEFINITION.finditer(given))
    else:
        matches = {text: _DEFINITION.fullmatch(text) for text in given}
        wrong = next((text for text, match in matches.items() if match is None), None)
        if wrong is not None:
            raise _no_definition(wrong)
        found = [match for match in matches.values() if match]
    definitions = [(match[1], match[2]) for match in found]
    names = [name for name, _ in definitions]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{name} is defined twice", "compile_definitions")
    return tuple(definitions)


def _no_definition(text: str) -> SettingsError:
    hint = "NAME or NAME=VALUE, with a number, an identifier or a plain string; others can be in a header"
    return SettingsError(f"{text!r} is no definition of a macro", "compile_definitions", hint)


def read_extra_files(path: Path) -> dict[str, bytes]:
    """The files of a tar archive, compressed or not, by their places in the project.

    Raises:
        SettingsError: it cannot be read, is none, holds anything but plain files at places inside it, or a source
            whose name means something else to a build tool.
    """
    try:
        with tarfile.open(path, mode="r:*") as archive:
            files = read_members(archive, str(path), SettingsError)
    except tarfile.TarError as error:
        raise SettingsError(f"this is no tar archive: {error}", str(path)) from error
    except (OSError, EOFError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SettingsError(f"the extra files cannot be read: {reason}", str(path), "check the path") from error
    for name in Additions(files=files).sources:
        _require_plain(name)
    return files


def _require_plain(path: str) -> None:
    if not _PLAIN_PATH.fullmatch(path):
        raise SettingsError("build tools would misread this path", path, "use one without punctuation")


def cmsis_folder(path: Path) -> str:
    """The folder of CMSIS' headers for cores, which `path` is or has below it.

    Raises:
        SettingsError: there are none, or build tools would misread its name.
    """
    for place in _CORE_HEADERS:
        folder = (path / place).absolute()
        if (folder / _CORE_HEADER).is_file():
            _require_plain(folder.as_posix())
            return folder.as_posix()
    hint = f"name a folder with {_CORE_HEADER}, such as CMSIS/Core/Include, or the one that CMSIS was unpacked into"
    raise SettingsError("the headers of CMSIS are not here", str(path), hint)
