# SPDX-License-Identifier: Apache-2.0
"""Compiles the C of compiled models with this machine's own compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tvm_stm32.errors import ToolError

#: what every build uses: the language that the emitted C is written in, and no fused multiply-add behind its back
LANGUAGE_FLAGS = ("-std=c99", "-ffp-contract=off")
#: seconds; a large model takes a few
TIME_LIMIT = 600
ERROR_LINES = 12


def host_compiler() -> str:
    """The host's C compiler: the environment's CC, else ``cc``, ``gcc`` or ``clang``.

    Raises:
        ToolError: there is none.
    """
    wanted = os.environ.get("CC")
    candidates = (wanted,) if wanted else ("cc", "gcc", "clang")
    for name in candidates:
        path = shutil.which(name)
        if path is not None:
            return path
    hint = "install a C compiler for this machine (Debian: gcc), or name one in the variable CC"
    raise ToolError("there is no C compiler for this machine", ", ".join(candidates), hint)


def build(sources: Sequence[Path], target: Path, flags: Sequence[str]) -> None:
    """Compiles and links `sources` into `target` with LANGUAGE_FLAGS and `flags`.

    Raises:
        ToolError: there is no compiler, or it refuses; with its first messages.
    """
    compiler = host_compiler()
    command = [compiler, *LANGUAGE_FLAGS, *flags, *map(str, sources), "-o", str(target), "-lm"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"the C compiler did not do its work: {error}", compiler) from error
    if result.returncode != 0:
        messages = "\n".join(result.stderr.splitlines()[:ERROR_LINES])
        names = ", ".join(source.name for source in sources)
        raise ToolError(f"the C compiler refuses {names}:\n{messages}", compiler)
