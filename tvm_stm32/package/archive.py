# SPDX-License-Identifier: Apache-2.0
"""Reads static libraries: the ``ar`` archive with GNU's long names, as binutils and LLVM write it for ELF objects.

``python -m tvm_stm32.package.archive FILE`` makes one neutral in place, for build tools that run ``ar`` as they like.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.errors import SettingsError

_MAGIC = b"!<arch>\n"
_THIN_MAGIC = b"!<thin>\n"
_HEADER_SIZE = 60
_HEADER_END = b"`\n"
_SYMBOL_TABLES = ("/", "/SYM64/")
_LONG_NAMES = "//"
#: The fields date, owner, group and mode of a header as ``ar`` with D writes them, of a member and of the symbols.
_MEMBER_FIELDS = b"0           0     0     644     "
_TABLE_FIELDS = b"0           0     0     0       "


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Archive:
    """A static library: its files in the order they are stored, and whether it has the index that linkers need."""

    members: tuple[Member, ...]
    indexed: bool


def read_archive(path: Path) -> Archive:
    """Read a static library.

    Raises:
        SettingsError: the file cannot be read, is no archive, is cut off, or is a thin archive (which only names its
            members and cannot be moved).
    """
    data = _read(path)
    members: list[Member] = []
    indexed = False
    long_names = b""
    for name, start, end in _entries(data, path):
        if name == _LONG_NAMES:
            long_names = data[start:end]
        elif name in _SYMBOL_TABLES:
            indexed = True
        else:
            members.append(Member(_full_name(name, long_names), data[start:end]))
    return Archive(tuple(members), indexed)


def neutral_archive(path: Path) -> bytes:
    """The bytes of a static library with dates, owners and modes of its members as ``ar`` with D writes them.

    They then tell of its objects only, not of who made it and when. Not every ``ar`` does so unless it is told.

    Raises:
        SettingsError: as for `read_archive`.
    """
    data = _read(path)
    neutral = bytearray(data)
    for name, start, _ in _entries(data, path):
        if name != _LONG_NAMES:  # whose header has no such fields
            header = start - _HEADER_SIZE
            neutral[header + 16 : header + 48] = _TABLE_FIELDS if name in _SYMBOL_TABLES else _MEMBER_FIELDS
    return bytes(neutral)


def _read(path: Path) -> bytes:
    """The bytes of the archive `path`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the library cannot be read: {error.strerror}", str(path), "build the static library first"
        ) from error
    if data.startswith(_THIN_MAGIC):
        raise SettingsError(
            "this is a thin archive: it only names its object files, so it cannot be moved",
            str(path),
            "create it with `ar rc`, without `T` or --thin",
        )
    if not data.startswith(_MAGIC):
        raise SettingsError("this is not a static library", str(path), "give the lib<name>.a that ar created")
    return data


def _entries(data: bytes, path: Path) -> Iterator[tuple[str, int, int]]:
    """The name in the header of each member, table of symbols or of long names; first byte and end of its content."""
    position = len(_MAGIC)
    while position < len(data):
        header = data[position : position + _HEADER_SIZE]
        size_field = header[48:58].strip()
        if len(header) < _HEADER_SIZE or not header.endswith(_HEADER_END) or not size_field.isdigit():
            raise _damaged(path, position)
        start = position + _HEADER_SIZE
        end = start + int(size_field)
        if end > len(data):
            raise _damaged(path, position)
        yield header[:16].decode("utf-8", "replace").rstrip(), start, end
        position = end + end % 2  # members start at even offsets


def _full_name(name: str, long_names: bytes) -> str:
    """``/12`` is offset 12 of the table of long names, where a name ends with a slash and a newline."""
    if name.startswith("/") and name[1:].isdigit():
        return long_names[int(name[1:]) :].partition(b"/\n")[0].decode("utf-8", "replace")
    return name.removesuffix("/")


def _damaged(path: Path, position: int) -> SettingsError:
    return SettingsError(f"the static library is damaged at byte {position}", str(path), "build the library again")


if __name__ == "__main__":
    library = Path(sys.argv[1])
    library.write_bytes(neutral_archive(library))
