# SPDX-License-Identifier: Apache-2.0
"""What an examination of this machine finds: one program or Python package, and what it is good for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Purpose(StrEnum):
    """What somebody may want to do here; the order is that of a project's way."""

    GENERATE = "generate"
    BUILD = "build"
    SCONS = "scons"
    CMAKE = "cmake"
    EMULATE = "emulate"
    COUNT = "count"
    TORCH = "torch"
    VALIDATE = "validate"
    BOARD = "board"


#: How each is put to a reader.
IN_WORDS = {
    Purpose.GENERATE: "compile a model to C",
    Purpose.BUILD: "build its library for an STM32",
    Purpose.SCONS: "build with SCons",
    Purpose.CMAKE: "build with CMake",
    Purpose.EMULATE: "run firmware on an emulated board",
    Purpose.COUNT: "count its instructions",
    Purpose.TORCH: "read PyTorch models",
    Purpose.VALIDATE: "compare with a model's original interpreter",
    Purpose.BOARD: "write firmware to a board",
}

#: Without these nothing comes out that an STM32 could run.
NEEDED = (Purpose.GENERATE, Purpose.BUILD)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked for. `problem` is empty where it is there and fit; else `hint` is what to do."""

    name: str
    purpose: Purpose
    version: str = ""  # "" where it is missing or does not tell
    place: str = ""  # its file; "" where it is missing, or a Python package of this interpreter
    problem: str = ""
    hint: str = ""

    @property
    def good(self) -> bool:
        """It is there, and works as far as that can be told."""
        return not self.problem


def is_served(purpose: Purpose, findings: Sequence[Finding]) -> bool:
    """Whether what was found does for `purpose`: all that it needs, or any where each is a way of its own."""
    good = [found.good for found in findings if found.purpose == purpose]
    if purpose == Purpose.COUNT:
        # Unicorn counts by itself, QEMU with a plug-in that is compiled
        by_name = {found.name: found.good for found in findings}
        return by_name["unicorn"] or (by_name["QEMU"] and all(good))
    return (any if purpose in (Purpose.EMULATE, Purpose.BOARD) else all)(good)
