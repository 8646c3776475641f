# SPDX-License-Identifier: Apache-2.0
"""Runs real CMake on projects in temporary folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cmake
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

_PYPI_FOLDER = Path(cmake.CMAKE_BIN_DIR)
#: PATH without that, and without the commands of any virtual environment
SYSTEM_PATH = os.pathsep.join(
    folder
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
    if Path(folder) not in (_PYPI_FOLDER, Path(sys.executable).parent)
    and not Path(folder).parent.joinpath("pyvenv.cfg").exists()
)
#: the CMake of the system, and a current one from PyPI
CMAKES = {"system": shutil.which("cmake", path=SYSTEM_PATH) or "cmake", "pypi": str(_PYPI_FOLDER / "cmake")}
GENERATORS = {"ninja": "Ninja", "make": "Unix Makefiles"}

TOOLCHAIN = Path(__file__).parents[1] / "cmake" / "toolchains" / "arm-none-eabi.cmake"


def tvm_stm32(*arguments: object) -> str:
    """Run one verb of the command line; returns what it printed."""
    command = [sys.executable, "-m", "tvm_stm32", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Project:
    """A CMake project in `folder`, built in ``folder/build``."""

    folder: Path
    cmake: str = CMAKES["pypi"]
    generator: str = GENERATORS["ninja"]

    @property
    def build_folder(self) -> Path:
        return self.folder / "build"

    def try_configure(self, *definitions: str) -> subprocess.CompletedProcess[str]:
        """Configure with ``-D`` definitions; standard output has both streams."""
        return self._run(
            "-S", self.folder, "-B", self.build_folder, "-G", self.generator, *(f"-D{text}" for text in definitions)
        )

    def configure(self, *definitions: str) -> str:
        """Configure, which must work; returns what CMake printed."""
        done = self.try_configure(*definitions)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_build(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Build; standard output has both streams."""
        return self._run("--build", self.build_folder, *options)

    def build(self, *options: str) -> str:
        """Build, which must work; returns what was printed."""
        done = self.try_build(*options)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CMAKE", "CFLAGS", "CC"))}
        return subprocess.run(
            [self.cmake, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
            env=clean,
        )


def in_words(text: str) -> str:
    """`text` without CMake's line breaks."""
    return " ".join(text.split())


def boot(part: str, elf: Path) -> str:
    """What firmware for `part` prints on the emulator; its exit status must be 0."""
    result = run_elf(elf, machine_for_part(find_part(part)))
    assert result.status == 0, result.output
    return result.output


def run(program: Path) -> str:
    """What a program of this machine prints; its exit status must be 0."""
    return subprocess.run([program], capture_output=True, text=True, timeout=60, check=True).stdout
