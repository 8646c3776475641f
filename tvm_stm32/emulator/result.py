# SPDX-License-Identifier: Apache-2.0
"""How a run of firmware ended, whatever emulated it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.errors import ToolError


@dataclass(frozen=True, slots=True)
class Stack:
    """The main stack of a run: the bytes from its top down to the last one written, and those there were."""

    deepest: int
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended.

    `status` is what the firmware gave to the semihosting exit, `output` what it printed by semihosting. `counts` has
    the instructions of each interval between the marks, in order: from the first instruction of the begin function to
    the first of the end function, so the return from the one and the call of the other are counted. `stack` is there
    where it was asked for.
    """

    status: int
    output: str
    counts: list[int]
    stack: Stack | None = None


def failure(elf: Path, board: str, problem: str, printed: str, detail: str = "") -> ToolError:
    """The error for firmware that did not end by itself; `problem` is the end of "the firmware ..."."""
    last = "\n    ".join(printed.splitlines()[-10:])
    return ToolError(
        f"the firmware {problem} on {board}" + (f": {detail}" if detail else ""),
        str(elf),
        f"it printed last:\n    {last}" if last else "",
    )
