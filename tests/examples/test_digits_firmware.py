# SPDX-License-Identifier: Apache-2.0
"""The demo as a user has it: a copy of SConstruct and example, real SCons, an emulated STM32F405."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from documents import shown

from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.run import run_elf

KINDS = ("int8", "float")


def scons(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run SCons in `folder`."""
    command = [sys.executable, "-m", "SCons", "-Q", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def project(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a folder of its own, with the package beside it. Its demo has run; `first_run` is what it said."""
    folder = tmp_path_factory.mktemp("digits project")
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("site_scons", "examples"):
        shutil.copytree(repository / name, folder / name, ignore=skipped)
    shutil.copyfile(repository / "SConstruct", folder / "SConstruct")
    os.symlink(repository / "tvm_stm32", folder / "tvm_stm32")
    result = scons(folder, "run")
    assert result.returncode == 0, result.stdout + result.stderr
    (folder / "first_run").write_text(result.stdout)
    return folder


def test_the_demo_prints_what_it_found(project: Path) -> None:
    printed = (project / "first_run").read_text()
    for kind in KINDS:
        part = printed[printed.index(f"digits_{kind} on STM32F405RGT6, emulated: 360 held-back images") :]
        assert re.search(r"accuracy +35\d of 360 are right, 9\d\.\d %", part)
        assert "classes        360 of 360 are onnxruntime's" in part
        assert re.search(r"instructions   360 inferences: least [\d,]+, mean [\d,.]+, most [\d,]+", part)
        assert re.search(r"FLASH +1,048,576 +at 0x08000000\n( +\w+ .*\n)* +weights ", part)
        assert re.search(r"RAM +131,072 +at 0x20000000\n( +\w+ .*\n)* +activations ", part)
    assert "14400 of 14400 are the integer reference's" in printed


def test_the_readme_shows_what_the_demo_prints(project: Path, repository: Path) -> None:
    printed = (project / "first_run").read_text().splitlines()
    lines = [line for line in shown(repository / "README.md")["./dev demo"] if line != "..."]
    assert len(lines) > 10
    assert [line for line in lines if line not in printed] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_firmware_boots_from_flash(kind: str, project: Path) -> None:
    firmware = read_firmware(project / "build" / "digits" / kind / "app.elf")
    assert firmware.sections[0].name == ".vectors"
    assert firmware.sections[0].address == 0x08000000


def test_both_emulators_compute_and_count_the_same(project: Path) -> None:
    elf, part = project / "build" / "digits" / "int8" / "app.elf", find_part("STM32F405RGT6")
    marks = ("inference_begin", "inference_end")
    qemu, unicorn = (run_elf(elf, part, marks, emulator=emulator) for emulator in Emulator)
    assert unicorn == qemu
    assert len(qemu.counts) == qemu.output.count("\n") == 360


def test_nothing_is_built_twice_but_the_run_is_made_again(project: Path) -> None:
    rest = scons(project).stdout.splitlines()
    assert {line.split()[0] for line in rest} == {"BIN", "HEX"}  # the run did not need them
    assert scons(project).stdout == "scons: `.' is up to date.\n"
    again = scons(project, "run")
    assert again.returncode == 0
    assert "CC " not in again.stdout
    results = (project / "first_run").read_text()
    for line in again.stdout.splitlines():
        assert line in results  # the same accuracy, the same instructions, the same sizes


def test_a_network_that_computes_otherwise_fails_the_run(project: Path) -> None:
    firmware = project / "examples" / "digits" / "main.c"
    text = firmware.read_text()
    firmware.write_text(text.replace("/ 16.0f", "/ 16.1f"))
    try:
        result = scons(project, "run")
    finally:
        firmware.write_text(text)
    assert result.returncode != 0
    assert "check.py: digits_" in result.stderr
