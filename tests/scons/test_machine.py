# SPDX-License-Identifier: Apache-2.0
"""What the tool takes from a client's compiler and flags, asked of SCons environments in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import SCons.Environment
from SCons.Environment import Environment

import tvm_stm32
from tvm_stm32.errors import SettingsError, ToolError
from tvm_stm32.scons import machine, tool, toolchain

HARD = "-mfpu=fpv4-sp-d16 -mfloat-abi=hard"


def environment(**variables: Any) -> Environment:
    """An environment with no tool but ours."""
    env = SCons.Environment.Environment(tools=[], **variables)
    tvm_stm32.generate(env)
    return env


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ("", []),
        ("-mcpu=cortex-m4 -mthumb", ["-mcpu=cortex-m4", "-mthumb"]),
        (["-mcpu=cortex-m4", "-g3", "-fno-common"], ["-mcpu=cortex-m4", "-g3", "-fno-common"]),
        ("-Wall -Wextra -Werror -w -pedantic -pedantic-errors -Wl,-Map=x.map", []),
        ("-O0 -O -Og -Os -Ofast", []),
        ("-std=gnu11 -ansi -DNAME=1 -D NAME -UX -I/x -I x -include config.h -iquote x -imacros y", []),
        ("-MD -MMD -MP -MF x.d -MT x.o", []),
        ("-T link.ld -Tlink.ld -nostdlib -nostdinc -nostartfiles -nodefaultlibs -L. -lc -L x", []),
        ("-flto -flto=auto -fno-lto -ffat-lto-objects -fno-fat-lto-objects", []),
        ("-ffast-math -funsafe-math-optimizations -fsingle-precision-constant -ffp-contract=fast", []),
        ("-ffreestanding -fhosted -fno-builtin -fno-builtin-memcpy", []),
        ("-fno-inline -finline-limit=9 -funroll-loops -fno-tree-vectorize -fno-ipa-cp", []),
        ("-u _printf_float -Xlinker -z -Wa,-a", []),
        ("--specs=nano.specs --sysroot=/s -B/b", ["--specs=nano.specs", "--sysroot=/s", "-B/b"]),
        ("-mthumb$MORE", ["-mthumb", "-mcpu=cortex-m0"]),
        (["-isystem", "/a folder"], ["-isystem", "/a folder"]),
        ('-isystem "/a folder" -D \'V="1.0 beta"\' -DQ=\\"q\\" -I"/a b" -mthumb', ["-isystem", "/a folder", "-mthumb"]),
        (["-D", 'V="1.0 beta"', '-DW="a b"', ["-mcpu=cortex-m4", ["-mthumb"]]], ["-mcpu=cortex-m4", "-mthumb"]),
        ("-mthumb -DV=don't", ["-mthumb"]),
    ],
)
def test_machine_flags(flags: str | list[str], kept: list[str]) -> None:
    assert toolchain.machine_flags(environment(CCFLAGS=flags, MORE=" -mcpu=cortex-m0")) == kept


def test_flags_for_c_and_for_its_preprocessor_count_too() -> None:
    env = environment(CCFLAGS="-mthumb", CFLAGS=["-std=c11", "-mcpu=cortex-m3"], CPPFLAGS="-MMD -mfloat-abi=soft")
    assert toolchain.machine_flags(env) == ["-mthumb", "-mcpu=cortex-m3", "-mfloat-abi=soft"]


@pytest.mark.parametrize(
    ("flags", "cpu", "float_abi"),
    [
        ("-mcpu=cortex-m0plus", "cortex-m0", "soft"),
        ("-mcpu=cortex-m3", "cortex-m3", "soft"),
        ("-mcpu=cortex-m4", "cortex-m4", "soft"),
        (f"-mcpu=cortex-m4 {HARD}", "cortex-m4", "hard"),
        (f"-march=armv7e-m+fp {HARD}", "cortex-m4", "hard"),
        ("-march=armv7e-m+fp -mhard-float", "cortex-m4", "hard"),
        ("-march=armv7e-m+fp.dp -mfloat-abi=hard", "cortex-m7", "hard"),
        ("-march=armv8-m.main+dsp -msoft-float", "cortex-m33", "soft"),
        ("-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=softfp", "cortex-m4", "soft"),
        ("-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard", "cortex-m7", "hard"),
        ("-mcpu=cortex-m23", "cortex-m23", "soft"),
        ("-mcpu=cortex-m33+nodsp -mfloat-abi=soft", "cortex-m33", "soft"),
        ("-mcpu=cortex-m55 -mfloat-abi=hard", "cortex-m55", "hard"),
    ],
)
def test_core_and_abi_are_the_compilers(flags: str, cpu: str, float_abi: str) -> None:
    env = environment(CC="arm-none-eabi-gcc -mthumb", CCFLAGS=flags)
    assert env.subst("$TVM_STM32_CPU $TVM_STM32_FLOAT_ABI") == f"{cpu} {float_abi}"
    assert machine.is_cortex_m(env)
    assert machine.target_options(env) == ["--cpu", cpu]


def test_host() -> None:
    env = environment(CC="gcc")
    assert env.subst("$TVM_STM32_CPU $TVM_STM32_FLOAT_ABI") == f"{machine.HOST_CPU} any"
    assert not machine.is_cortex_m(env)


def test_core_and_abi_can_be_set() -> None:
    env = environment(CC="gcc", TVM_STM32_CPU="cortex-m7", TVM_STM32_FLOAT_ABI="soft")
    assert machine.target_options(env) == ["--cpu", "cortex-m7"]
    assert env.subst("$TVM_STM32_FLOAT_ABI") == "soft"


def test_part_brings_its_compiler() -> None:
    env = environment(TVM_STM32_PART="STM32F405RGT6")
    assert env.subst("$CC") == f"arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb {HARD}"
    assert env.subst("$CXX").startswith("arm-none-eabi-g++ -mcpu=cortex-m4")
    assert env.subst("$AR $RANLIB $OBJCOPY") == "arm-none-eabi-ar arm-none-eabi-ranlib arm-none-eabi-objcopy"
    assert machine.target_options(env) == ["--part", "STM32F405RGT6"]
    env["TVM_STM32_PART"] = "STM32F767ZIT6"
    assert "-mcpu=cortex-m7" in env.subst("$CC")


def test_compiler_of_a_client_is_left_alone() -> None:
    env = environment(TVM_STM32_PART="STM32F405RGT6", CC="clang-16", AR="llvm-ar")
    assert (env["CC"], env["AR"]) == ("clang-16", "llvm-ar")


def test_older_code_runs_on_a_newer_core() -> None:
    env = environment(TVM_STM32_PART="STM32F405RGT6", CC="arm-none-eabi-gcc", CCFLAGS="-mcpu=cortex-m3 -mthumb")
    assert machine.target_options(env) == ["--part", "STM32F405RGT6"]
    env = environment(TVM_STM32_PART="STM32F103RBT6", CC="arm-none-eabi-gcc", CCFLAGS="-mcpu=cortex-m4 -mthumb")
    with pytest.raises(SettingsError, match="makes code for armv7e-m, STM32F103RBT6 is a cortex-m3"):
        machine.target_options(env)


def test_no_compiler_at_all() -> None:
    with pytest.raises(ToolError, match="the C compiler '' cannot be run"):
        machine.macros(environment(CC=""))


@pytest.mark.parametrize(
    ("compiler", "archiver"),
    [
        ("arm-none-eabi-gcc", "arm-none-eabi-ar"),
        ("arm-none-eabi-gcc-12.2.1 -mthumb", "arm-none-eabi-ar"),
        ("ccache arm-none-eabi-gcc", "arm-none-eabi-ar"),
        ("/opt/arm/bin/arm-none-eabi-g++", "/opt/arm/bin/arm-none-eabi-ar"),
        ('"/opt/arm tools/arm-none-eabi-gcc" -mthumb', '"/opt/arm tools/arm-none-eabi-ar"'),
        ("'/opt/arm tools/arm-none-eabi-gcc'", '"/opt/arm tools/arm-none-eabi-ar"'),
        (r"/opt/arm\ tools/arm-none-eabi-gcc", '"/opt/arm tools/arm-none-eabi-ar"'),
        (["ccache", "/opt/arm tools/arm-none-eabi-gcc", "-mthumb"], '"/opt/arm tools/arm-none-eabi-ar"'),
        ("arm-none-eabi-clang", "arm-none-eabi-ar"),
        ("gcc", "llvm-ar"),
        ("clang --target=arm-none-eabi", "llvm-ar"),
        ("/opt/arm-none-eabi/bin/gcc", "llvm-ar"),
    ],
)
def test_archiver_of_the_compiler(compiler: str | list[str], archiver: str) -> None:
    assert environment(CC=compiler, AR="llvm-ar").subst("$TVM_STM32_AR") == archiver


def test_exists_where_there_are_a_compiler_and_tvm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = tmp_path / "some-gcc"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    env = environment(CC="some-gcc -mthumb")
    assert not tvm_stm32.exists(env)
    env.AppendENVPath("PATH", str(tmp_path))
    assert tvm_stm32.exists(env)
    monkeypatch.setattr(tool, "find_spec", {"sys": "found"}.get)
    assert not tvm_stm32.exists(env)


def test_commands_are_shown_in_full_when_asked_for() -> None:
    assert environment()["TVM_STM32_ARCOMSTR"] == "AR      $TARGET"
    assert "TVM_STM32_ARCOMSTR" not in environment(VERBOSE=True)
    assert environment(TVM_STM32_ARCOMSTR="mine")["TVM_STM32_ARCOMSTR"] == "mine"


def test_an_emulator_may_be_named() -> None:
    assert "emulator" not in environment(TVM_STM32_PART="STM32F405RGT6").subst("$TVM_STM32_RUNCOM").split(" run ")[1]
    named = environment(TVM_STM32_PART="STM32F405RGT6", TVM_STM32_EMULATOR="unicorn")
    assert named.subst("$TVM_STM32_RUNCOM").split(" run ")[1].split() == [
        *("--part", "STM32F405RGT6"),
        "--emulator=unicorn",
    ]
