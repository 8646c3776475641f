# SPDX-License-Identifier: Apache-2.0
"""Foreign CMake projects find the package and link it: for the part, where it boots, and for the host."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cmake.conftest import CLASSES, PART, Packages
from tests.cmake.projects import CMAKES, GENERATORS, TOOLCHAIN, Project, in_words
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

F405 = (f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"TVM_STM32_PART={PART}", f"TVM_STM32_PYTHON={sys.executable}")

Application = Callable[..., Path]


def boot(elf: Path) -> str:
    """What the firmware prints on the emulated part."""
    result = run_elf(elf, machine_for_part(find_part(PART)))
    assert result.status == 0, result.output
    return result.output


def run(program: Path) -> str:
    """What the program prints on this machine."""
    return subprocess.run([program], capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_application_for_the_part(packages: Packages, application: Application, cmake: str, generator: str) -> None:
    project = Project(application(), cmake, generator)
    project.configure(*F405, f"CMAKE_PREFIX_PATH={packages.f405}")
    project.build()
    assert boot(project.build_folder / "application.elf") == CLASSES


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_application_for_the_host(packages: Packages, application: Application, cmake: str, generator: str) -> None:
    project = Project(application(), cmake, generator)
    project.configure(f"CMAKE_PREFIX_PATH={packages.host}")
    project.build()
    assert run(project.build_folder / "application") == CLASSES
