# SPDX-License-Identifier: Apache-2.0
"""The examples of build systems, each built as its README says, and run on an emulated STM32F405."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cmake_project import CMAKES, boot

PART = "STM32F405RGT6"
EXAMPLES = ("board", "scons", "rt-thread", "cubemx", "make", "platformio")

#: What PlatformIO does around a script that is named in its configuration with "pre:", in a Python without packages.
PLATFORMIO = """\
import os, sys
sys.modules.update(dict.fromkeys(("elftools", "jinja2", "modm_devices", "msgspec", "numpy", "onnx", "tvm")))
DefaultEnvironment(tools=[])
env = Environment(
    tools=["ar", "cc", "c++", "link"], ENV=os.environ, PROJECT_DIR=Dir("#").abspath,
    BUILD_DIR="$PROJECT_DIR/.pio/build/f405",
)
env.SConscript("digits.py", exports="env")
env.Replace(CC="arm-none-eabi-gcc", AR="arm-none-eabi-gcc-ar", LINK="arm-none-eabi-gcc", PROGSUFFIX=".elf")
machine = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
env.Append(
    CCFLAGS=[*machine, "-Os", "-nostdlib"], CPPPATH=["$PROJECT_DIR/../../tvm_stm32/emulator"],
    LINKFLAGS=[*machine, "-nostartfiles", "--specs=nano.specs", "-T", "$PROJECT_DIR/../board/link.ld"],
)
project = env.Clone()
project.VariantDir("$BUILD_DIR/src", "$PROJECT_DIR/../board", duplicate=False)
project.Program("$BUILD_DIR/firmware", ["$BUILD_DIR/src/main.c", "$BUILD_DIR/src/startup.c"])
"""


@pytest.fixture(scope="module")
def examples(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the examples in a copy of the repository."""
    root = tmp_path_factory.mktemp("repository")
    for name in EXAMPLES:
        skipped = shutil.ignore_patterns("build", "__pycache__", ".sconsign.dblite", "*.elf", "*.map")
        shutil.copytree(repository / "examples" / name, root / "examples" / name, ignore=skipped)
    for name in ("examples/digits", "cmake", "tvm_stm32"):
        (root / name).symlink_to(repository / name)
    return root / "examples"


def build(folder: Path, *command: str) -> str:
    """What a command prints in `folder`; the Python of the tests is the one in PATH."""
    environment = {name: value for name, value in os.environ.items() if name not in ("SCONSFLAGS", "PYTHONPATH", "CC")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scons(folder: Path, *arguments: str) -> str:
    return build(folder, sys.executable, "-m", "SCons", "-Q", *arguments)


def test_scons_and_make(examples: Path) -> None:
    """Make takes the package that the other has written; a new one is linked."""
    assert "PACKAGE digits in build/dist\n" in scons(examples / "scons")
    assert scons(examples / "scons", "run").splitlines()[-1] == "digit 7"
    assert " -o build/app.elf " in build(examples / "make", "make")
    assert boot(PART, examples / "make/build/app.elf") == "digit 7\n"
    assert "is up to date" in build(examples / "make", "make")
    os.utime(examples / "scons/build/dist/lib/libdigits.a")
    assert build(examples / "make", "make").count("arm-none-eabi-gcc") == 1


def test_rt_thread(examples: Path) -> None:
    printed = scons(examples / "rt-thread")
    assert "CC build/applications/board/main.o\n" in printed
    assert "AR      build/digits/digits/libdigits.a\n" in printed
    assert boot(PART, examples / "rt-thread/rtthread.elf") == "digit 7\n"
    assert "up to date" in scons(examples / "rt-thread")


def test_cubemx(examples: Path) -> None:
    folder = examples / "cubemx"
    build(folder, CMAKES["system"], "--preset", "Debug", f"-DTVM_STM32_PYTHON={sys.executable}")
    assert "warning" not in build(folder, CMAKES["system"], "--build", "--preset", "Debug")
    assert boot(PART, folder / "build/Debug/cubemx.elf") == "digit 7\n"
    commands = (folder / "build/Debug/compile_commands.json").read_text().splitlines()
    (kernels,) = (line for line in commands if '"command"' in line and "digits_kernels.c" in line)
    assert kernels.index(" -O0") < kernels.index(" -O2")
    assert "no work to do" in build(folder, CMAKES["system"], "--build", "--preset", "Debug")


def test_platformio(examples: Path) -> None:
    folder = examples / "platformio"
    (folder / "SConstruct").write_text(PLATFORMIO)
    scons(folder)
    assert boot(PART, folder / ".pio/build/f405/firmware.elf") == "digit 7\n"
    assert "up to date" in scons(folder)


@pytest.mark.parametrize("name", EXAMPLES[1:])
def test_each_says_how_to_start_from_it(name: str, repository: Path) -> None:
    text = (repository / "examples" / name / "README.md").read_text()
    assert len(text.splitlines()) <= 14
    assert f"({name}/README.md)" in (repository / "examples/README.md").read_text()
