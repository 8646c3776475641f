# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from static_library import compile_object

from tvm_stm32.device.core import CORES, Core
from tvm_stm32.package.abi import Abi, read_abi

TEXT = "float f(float x) { return x + 1.0f; }"


@pytest.mark.parametrize(
    ("flags", "abi"),
    [
        ("-mcpu=cortex-m0plus", Abi("arm", 32, "armv6-m", "", "soft")),
        ("-mcpu=cortex-m3", Abi("arm", 32, "armv7-m", "", "soft")),
        ("-mcpu=cortex-m4", Abi("arm", 32, "armv7e-m", "", "soft", dsp=True)),
        ("-march=armv7e-m+fp -mfloat-abi=softfp", Abi("arm", 32, "armv7e-m", "single", "soft", dsp=True)),
        (
            "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
            Abi("arm", 32, "armv7e-m", "single", "hard", dsp=True),
        ),
        ("-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard", Abi("arm", 32, "armv7e-m", "double", "hard", dsp=True)),
        ("-mcpu=cortex-m23", Abi("arm", 32, "armv8-m.base", "", "soft")),
        ("-mcpu=cortex-m33 -mfloat-abi=hard", Abi("arm", 32, "armv8-m.main", "single", "hard", dsp=True)),
        ("-mcpu=cortex-m33+nodsp", Abi("arm", 32, "armv8-m.main", "", "soft")),
        (
            "-mcpu=cortex-m55 -mfloat-abi=hard",
            Abi("arm", 32, "armv8.1-m.main", "double", "hard", dsp=True, mve=True),
        ),
        ("-march=armv7-a -mfpu=neon -mfloat-abi=hard", Abi("arm", 32, "", "double", "hard")),
    ],
)
def test_arm_object_states_what_it_was_compiled_for(tmp_path: Path, flags: str, abi: Abi) -> None:
    assert read_abi(compile_object(tmp_path, TEXT, "-mthumb", *flags.split()).read_bytes()) == abi


@pytest.mark.parametrize("core", CORES.values(), ids=CORES)
def test_architectures_have_the_names_of_the_cores(tmp_path: Path, core: Core) -> None:
    abi = read_abi(compile_object(tmp_path, TEXT, "-mthumb", core.flag).read_bytes())
    assert abi is not None
    assert abi.architecture == core.architecture


def test_host_object(tmp_path: Path) -> None:
    abi = read_abi(compile_object(tmp_path, TEXT, arm=False).read_bytes())
    assert abi is not None
    assert abi.machine != "arm"
    assert not abi.float_abi


def test_object_without_attributes_demands_nothing(tmp_path: Path) -> None:
    path = compile_object(tmp_path, TEXT)
    subprocess.run(["arm-none-eabi-objcopy", "-R", ".ARM.attributes", path], check=True, timeout=60)
    assert read_abi(path.read_bytes()) is None


def test_abi_reads_as_text() -> None:
    assert str(Abi("arm", 32, "armv7e-m", "single", "hard", dsp=True)) == "armv7e-m, hard float"
    assert str(Abi("arm", 32, "", "double", "hard")) == "Arm, not Cortex-M, hard float"
    assert str(Abi("x86_64", 64)) == "x86_64"
