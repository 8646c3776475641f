# SPDX-License-Identifier: Apache-2.0
"""The counting plugin (``count.c``) as a shared library, compiled for this host once and kept."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from tvm_stm32.errors import ToolError

SOURCE = Path(__file__).with_name("count.c")


def available() -> bool:
    """True when the cache has the plugin, or there is a compiler for it."""
    return _path().exists() or _compiler() is not None


def counting_plugin() -> Path:
    """Path of the plugin. It is compiled when the cache has none of this very source.

    The cache is ``tvm_stm32`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``.

    Raises:
        ToolError: there is no C compiler for the host, or it failed, or the cache cannot be written.
    """
    plugin = _path()
    if not plugin.exists():
        try:
            plugin.parent.mkdir(parents=True, exist_ok=True)
            _compile(plugin)
        except OSError as error:
            raise ToolError(
                f"cannot keep the instruction counter: {error.strerror}", str(plugin.parent), "set XDG_CACHE_HOME"
            ) from error
    return plugin


def _path() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tvm_stm32"
    digest = hashlib.sha256(SOURCE.read_bytes() + platform.machine().encode()).hexdigest()[:16]
    return cache / f"count-{digest}.so"


def _compiler() -> str | None:
    """A C compiler for this host."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def _compile(plugin: Path) -> None:
    """Compile to a temporary name first: another process may be doing the same."""
    compiler = _compiler()
    if compiler is None:
        raise ToolError(
            "counting instructions on QEMU needs a C compiler for this machine",
            "cc",
            "apt-get install gcc; or pip install 'tvm-stm32[emulate]', with which Unicorn counts",
        )
    with tempfile.TemporaryDirectory(dir=plugin.parent) as folder:
        library = Path(folder) / plugin.name
        command = [compiler, "-std=c99", "-O2", "-fPIC", "-shared", "-o", str(library), str(SOURCE)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ToolError(f"{compiler} failed:\n{result.stderr.strip()}", SOURCE.name)
        library.replace(plugin)
