# SPDX-License-Identifier: Apache-2.0
"""The command line as a user runs it, in a folder with a model that was compiled before."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: what an earlier run left in the folder ``out``
EARLIER = {"kws.h": b"earlier header\n", "kws.c": b"earlier code\n", "mine.txt": b"not generated\n"}


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs ``tvm-stm32`` in `folder`."""

    folder: Path

    def write(self, name: str, content: bytes) -> str:
        """Put a file into the folder; returns `name`."""
        (self.folder / name).write_bytes(content)
        return name

    def refuses(self, *arguments: object) -> str:
        """What is printed when these arguments are refused.

        The exit status is 2, there is one message and no traceback, and ``out`` is as it was.
        """
        command = [sys.executable, "-m", "tvm_stm32", *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 2, (done.returncode, done.stdout + done.stderr)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert done.stderr.count("error: ") == 1
        assert {file.name: file.read_bytes() for file in (self.folder / "out").iterdir()} == EARLIER
        return done.stderr

    def refuses_model(self, model: str, *options: str) -> str:
        """What is printed when `model` is refused, for the F405 or as `options` say."""
        return self.refuses("compile", model, "--name", "kws", "-o", "out", *(options or ("--part", "STM32F405RGT6")))


def message(where: str, what: str, hint: str) -> str:
    """How an error is printed."""
    return f"tvm-stm32: error: {where}: {what}\n  hint: {hint}\n"
