# SPDX-License-Identifier: Apache-2.0
"""The one exception that users see: what went wrong, where, and what to do about it."""

from __future__ import annotations

import sys


class TvmStm32Error(Exception):
    """Root of every error this package raises on purpose.

    The command line prints ``str(error)`` and exits 2; SCons and CMake stop with the same text.

    Args:
        what: one sentence, what is wrong, with the values that make it so.
        where: file, layer, option or part that it is about; empty when there is no such place.
        hint: what the user can do; empty when nothing is known to help.
    """

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class ModelError(TvmStm32Error):
    """The model file cannot be read, or holds something that is not supported."""


class SettingsError(TvmStm32Error):
    """A name, part, core, option or path given by the user is wrong."""


class CapacityError(TvmStm32Error):
    """The model does not fit the memory it was given."""


class ToolError(TvmStm32Error):
    """A compiler, emulator or other program is missing or failed."""


def missing_module(name: str) -> ToolError:
    """The error where this Python cannot import the module `name`: mostly it is not the one that has tvm-stm32."""
    return ToolError(
        f"this Python has no module {name}",
        sys.executable,
        "run tvm-stm32 with the Python it is installed for (in CMake and SCons: TVM_STM32_PYTHON), or install it here",
    )


def missing_extra(name: str, extra: str) -> ToolError:
    """The error where this Python cannot import the module `name`, which an extra of this package brings."""
    return ToolError(f"this Python has no module {name}", sys.executable, f"pip install 'tvm-stm32[{extra}]'")
