# SPDX-License-Identifier: Apache-2.0
"""Build a project's firmware for a host, as a user would, by SCons or by CMake."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tvm_stm32.errors import ToolError

_PACKAGE = Path(__file__).resolve().parents[1]


def build_host_driven(project: Path, system: str) -> str:
    """Make ``build/host_driven.elf`` and, where the project has another board to emulate, the one for that.

    Args:
        project: the folder.
        system: "scons" or "cmake".

    Returns:
        What the build printed.

    Raises:
        ToolError: the build tool is missing or failed; with the end of what it printed.
    """
    if system == "scons":
        return _run([sys.executable, "-m", "SCons", "-Q", "host_driven"], project)
    checkout = _PACKAGE.parent / "cmake"
    found = f"-DTvmStm32_DIR={checkout}" if checkout.is_dir() else f"-DCMAKE_PREFIX_PATH={sys.prefix}"
    configured = _run(["cmake", "-B", "build", f"-DTVM_STM32_PYTHON={sys.executable}", found], project)
    return configured + _run(["cmake", "--build", "build", "--target", "host_driven"], project)


def _run(command: Sequence[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "SCONSFLAGS"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be run: {error.strerror}", str(folder), "install it") from error
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-20:])
        raise ToolError(f"the build failed:\n{last}", str(folder))
    return done.stdout
