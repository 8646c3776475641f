# SPDX-License-Identifier: Apache-2.0
"""Time and memory that a command takes, its child processes included. Memory is read from Linux' ``/proc``."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.02  #: seconds between two looks


@dataclass(frozen=True)
class Cost:
    """seconds: wall clock; megabytes: the most that all processes held at one time, or 0 where that is unknown."""

    seconds: float
    megabytes: float


def run(command: Sequence[str]) -> Cost:
    """Run `command` without its output.

    Raises:
        subprocess.CalledProcessError: it failed; has what it wrote to the standard error stream.
    """
    start, most = time.monotonic(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, _kilobytes(process.pid))
            time.sleep(INTERVAL)
        assert process.stderr is not None
        errors = process.stderr.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    return Cost(time.monotonic() - start, most / 1024)


def _kilobytes(process: int) -> int:
    """The high-water marks of `process` and of its descendants, together; nothing of one that has just ended."""
    folder = Path("/proc") / str(process)
    try:
        lines = (folder / "status").read_text().splitlines()
        children = (folder / "task" / str(process) / "children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    return own + sum(_kilobytes(int(child)) for child in children)
