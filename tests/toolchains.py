# SPDX-License-Identifier: Apache-2.0
"""The compilers and cores that the generated C must suit, and the flags under which it must not cause a warning."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wundef -Wcast-align -pedantic -Werror".split()
C99 = ["-std=c99", *WARNINGS]
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

_HARD = ["-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler with the flags of a machine."""

    name: str
    command: tuple[str, ...]

    def compile(self, folder: Path, *arguments: str) -> str:
        """Run the compiler in `folder`; returns what it printed, which with -Werror is nothing."""
        command = [*self.command, *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
        return done.stdout + done.stderr


def _arm(name: str, *flags: str) -> Toolchain:
    return Toolchain(name, ("arm-none-eabi-gcc", "-mthumb", *flags))


def _clang_arm(name: str, *flags: str) -> Toolchain:
    # Newlib's headers are not clean under -Wundef in clang, so they are named as the system's.
    return Toolchain(name, ("clang", "--target=arm-none-eabi", "-mthumb", *flags, "-isystem", _newlib_headers()))


def _newlib_headers() -> str:
    command = ["arm-none-eabi-gcc", "-print-file-name=libc.a"]
    library = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    return str(Path(library).resolve().parents[1] / "include")


M4 = _arm("m4", "-mcpu=cortex-m4", "-mfloat-abi=soft")
M4_HARD = _arm("m4-hard", "-mcpu=cortex-m4", *_HARD)
HOST = Toolchain("gcc", ("gcc",))

TOOLCHAINS = [
    HOST,
    Toolchain("clang", ("clang",)),
    _arm("m0plus", "-mcpu=cortex-m0plus"),
    _arm("m3", "-mcpu=cortex-m3"),
    M4,
    M4_HARD,
    _arm("m7", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
    _arm("m33", "-mcpu=cortex-m33"),
    _clang_arm("clang-m0plus", "-mcpu=cortex-m0plus"),
    _clang_arm("clang-m4-hard", "-mcpu=cortex-m4", *_HARD),
]
