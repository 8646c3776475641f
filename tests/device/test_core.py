# SPDX-License-Identifier: Apache-2.0
"""Compiler flags of every Cortex-M core, taken by the compiler."""

from __future__ import annotations

import subprocess

import pytest
from arm_firmware import GCC

from tvm_stm32.device.core import CORES, compiler_flags, find_core
from tvm_stm32.errors import SettingsError


@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m0+", "Cortex-M4", "cortex-m7", "cortex-m55"])
def test_known_cores(name: str) -> None:
    assert find_core(name).cpu == name.lower().replace("+", "plus")


def test_an_unknown_core_lists_all() -> None:
    with pytest.raises(SettingsError, match="no core 'cortex-a53'") as error:
        find_core("cortex-a53")
    assert all(name in error.value.hint for name in CORES)


@pytest.mark.parametrize(
    ("core", "fpu", "float_abi", "flags"),
    [
        ("cortex-m4", None, None, "-mcpu=cortex-m4 -mthumb -mfloat-abi=soft"),
        ("cortex-m4", None, "hard", "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard"),
        ("cortex-m4", "fpv4-sp-d16", None, "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard"),
        ("cortex-m4", "fpv4-sp-d16", "soft", "-mcpu=cortex-m4 -mthumb -mfloat-abi=soft"),
        ("cortex-m4", "fpv4-sp-d16", "softfp", "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=softfp"),
        ("cortex-m7", "fpv5-d16", None, "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard"),
        ("cortex-m0plus", None, None, "-mcpu=cortex-m0plus -mthumb -mfloat-abi=soft"),
        ("cortex-m55", "auto", None, "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard"),
        ("cortex-m85", None, "hard", "-march=armv8.1-m.main+mve.fp+fp.dp -mthumb -mfloat-abi=hard"),
    ],
)
def test_flags(core: str, fpu: str | None, float_abi: str | None, flags: str) -> None:
    assert " ".join(compiler_flags(find_core(core), fpu, float_abi)) == flags


@pytest.mark.parametrize(
    ("core", "fpu", "float_abi", "problem"),
    [
        ("cortex-m0", None, "hard", "has no FPU"),
        ("cortex-m3", "fpv4-sp-d16", None, "has no FPU 'fpv4-sp-d16'"),
        ("cortex-m4", "fpv5-d16", None, "has no FPU 'fpv5-d16'"),
        ("cortex-m4", None, "firm", "no float ABI 'firm'"),
    ],
)
def test_impossible_flags(core: str, fpu: str | None, float_abi: str | None, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        compiler_flags(find_core(core), fpu, float_abi)


@pytest.mark.parametrize("name", CORES)
def test_the_compiler_takes_the_flags(name: str) -> None:
    core = find_core(name)
    for float_abi in ("soft", "softfp", "hard") if core.fpus else ("soft",):
        command = [GCC, *compiler_flags(core, None, float_abi), "-dM", "-E", "-x", "c", "-"]
        result = subprocess.run(command, input="", capture_output=True, text=True, check=True)
        assert ("__ARM_PCS_VFP" in result.stdout) == (float_abi == "hard")
        assert ("__ARM_FP " in result.stdout) == (float_abi != "soft")
