# SPDX-License-Identifier: Apache-2.0
"""The programs that builds, emulation and boards need, looked for in PATH and asked for their version."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.doctor.finding import Finding, Purpose

_TIME_LIMIT = 30  #: seconds for a program that only prints something
_VERSION = re.compile(r"\b(\d+\.\d+(?:\.\d+)?)\b")


@dataclass(frozen=True, slots=True)
class Program:
    """What stands for one capability: any of `names` will do. `least` is the oldest version that is fit."""

    what: str
    names: tuple[str, ...]
    purpose: Purpose
    hint: str
    least: tuple[int, ...] = ()
    fit: Callable[[str], str] = lambda _: ""  # path -> the problem that a closer look finds, or ""


def _lacks_library(compiler: str) -> str:
    """Debian packs newlib apart from the compiler."""
    command = [compiler, "-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
    found = _ask([*command, "-print-file-name=libc_nano.a"]).strip()
    return "" if Path(found).is_absolute() else "has no C library for Cortex-M4, newlib-nano"


PROGRAMS = (
    Program(
        "C compiler for Arm",
        ("arm-none-eabi-gcc",),
        Purpose.BUILD,
        "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi, or Arm's GNU toolchain; its bin folder in PATH",
        (9,),
        _lacks_library,
    ),
    Program("archiver for Arm", ("arm-none-eabi-ar",), Purpose.BUILD, "apt-get install binutils-arm-none-eabi"),
    Program("CMake", ("cmake",), Purpose.CMAKE, "apt-get install cmake, or pip install cmake", (3, 16)),
    Program(
        "build program of CMake", ("ninja", "make"), Purpose.CMAKE, "apt-get install ninja-build, or pip install ninja"
    ),
    Program("QEMU", ("qemu-system-arm",), Purpose.EMULATE, "apt-get install qemu-system-arm", (7,)),
    Program("C compiler for this machine", ("cc", "gcc", "clang"), Purpose.COUNT, "apt-get install gcc libc6-dev"),
    Program(
        "board tool",
        ("openocd", "st-flash", "STM32_Programmer_CLI", "probe-rs"),
        Purpose.BOARD,
        "apt-get install openocd, or STM32CubeProgrammer; pyocd does as well",
    ),
)


def examine_programs() -> list[Finding]:
    """Each of `PROGRAMS`, by the first of its names that PATH has."""
    return [_examine(program) for program in PROGRAMS]


def _examine(program: Program) -> Finding:
    path = next(filter(None, map(shutil.which, program.names)), None)
    if path is None:
        missing = f"{' or '.join(program.names)} is not in PATH"
        return Finding(program.what, program.purpose, problem=missing, hint=program.hint)
    match = _VERSION.search(_ask([path, "--version"]))
    if match is None:
        return Finding(program.what, program.purpose, "", path, "does not tell its version", program.hint)
    version = match[1]
    problem = program.fit(path)
    if tuple(map(int, version.split("."))) < program.least:
        problem = f"must be {'.'.join(map(str, program.least))} or later"
    return Finding(program.what, program.purpose, version, path, problem, program.hint if problem else "")


def _ask(command: list[str]) -> str:
    """What a program prints; empty where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""
