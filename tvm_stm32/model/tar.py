# SPDX-License-Identifier: Apache-2.0
"""Reads tar archives that somebody else made, and may have meant harm with: in memory, and plain files only."""

from __future__ import annotations

import tarfile
from pathlib import PurePosixPath

from tvm_stm32.errors import TvmStm32Error

_HINT = "do not use it"


def read_members(archive: tarfile.TarFile, where: str, refusal: type[TvmStm32Error]) -> dict[str, bytes]:
    """Name -> content of every file in the archive, in its order. Folders are passed over.

    Args:
        archive: open for reading.
        where: its path, for messages.
        refusal: the class of the error.

    Raises:
        refusal: the archive holds anything but plain files at places of their own inside it, or ends within one.
    """
    members: dict[str, bytes] = {}
    for member in archive:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
            raise refusal(f"the archive has a member outside of itself: {member.name}", where, _HINT)
        if member.isdir():
            continue
        if not member.isreg():
            raise refusal(f"the archive has a link or a device: {member.name}", where, _HINT)
        if str(path) in members:
            raise refusal(f"the archive has two members {path}", where, _HINT)
        file = archive.extractfile(member)
        data = file.read() if file else b""
        if len(data) != member.size:
            raise refusal(f"the archive ends within {path}", where, "make it again")
        members[str(path)] = data
    return members
