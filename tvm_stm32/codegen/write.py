# SPDX-License-Identifier: Apache-2.0
"""Put generated files on disk: all of them or none, and only those whose content changed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from tvm_stm32.errors import SettingsError


def write_artifacts(files: Mapping[str, bytes], directory: Path) -> list[str]:
    """Make `directory` hold `files` (file name or relative path -> content); other files in it are not touched.

    Everything is first written next to its target, then renamed over it. Files that hold the right content already
    keep their time stamp. If anything fails, what was there before is there again.

    Returns:
        The names of the files that changed, in the order of `files`.

    Raises:
        SettingsError: the directory cannot be made, or a file in it cannot be read or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(error, directory) from error
    before: dict[str, bytes | None] = {}
    staged: dict[str, Path] = {}
    replaced: list[str] = []
    name = ""
    try:
        for name, content in files.items():
            previous = _read(directory / name)
            if previous == content:
                continue
            before[name] = previous
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            staged[name] = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            staged[name].write_bytes(content)
        for name, temporary in staged.items():
            os.replace(temporary, directory / name)
            replaced.append(name)
    except BaseException as error:
        for done in replaced:
            with contextlib.suppress(OSError):
                _restore(directory / done, before[done], staged[done])
        for temporary in staged.values():
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _refused(error, directory / name) from error
        raise
    return replaced


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _restore(path: Path, content: bytes | None, temporary: Path) -> None:
    if content is None:
        path.unlink()
    else:
        temporary.write_bytes(content)
        os.replace(temporary, path)


def _refused(error: OSError, path: Path) -> SettingsError:
    reason = error.strerror or str(error)
    return SettingsError(
        f"cannot write: {reason}", where=str(path), hint="name an output directory that can be written (-o)"
    )
