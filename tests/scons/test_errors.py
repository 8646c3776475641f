# SPDX-License-Identifier: Apache-2.0
"""What a user reads when something is wrong: one message with what, where and a hint, exit status 2, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from scons_project import HEAD, MAIN, Project, tiny_model


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without an SConstruct."""
    project = Project(tmp_path)
    project.write("kws.tflite", tiny_model())
    project.write("main.c", MAIN)
    return project


def sconstruct(checkout: Path, body: str, options: str = "") -> str:
    """An SConstruct whose last line is `body`."""
    return HEAD + f"options |= dict({options})\nenv = Environment(**options, toolpath=[{str(checkout)!r}])\n{body}\n"


@pytest.mark.parametrize(
    ("body", "options", "message"),
    [
        (
            'env.TvmModel("kws", "kws.tflite", OPTIMISE="ram")',
            "",
            "TvmModel('kws'): there is no setting OPTIMISE\n  hint: is OPTIMIZE meant?",
        ),
        (
            'env.TvmModel("kws", "kws.tflite", WEIGHTS="flash")',
            "",
            "TvmModel('kws'): there is no setting WEIGHTS\n"
            "  hint: there are PART, CPU, OPTIMIZE, INPUTS, OUTPUTS, FLOAT_ABI, API, OBSERVER, ACCELERATOR, "
            "MEMORY_POOLS",
        ),
        (
            'env.TvmModelSources("kws", "kws.tflite", OPTIMIZE="fast")',
            "",
            "TvmModel('kws'): OPTIMIZE cannot be 'fast'\n  hint: it is one of time, ram, balanced",
        ),
        (
            'env.TvmModel("kws", "kws.tflite", API=["native", "stay"])',
            "",
            "TvmModel('kws'): there is no interface 'stay'\n  hint: ",
        ),
        (
            'env.TvmModel("kws", "kws.tflite")',
            'TVM_STM32_FLOAT_ABI="softfp"',
            "TvmModel('kws'): FLOAT_ABI cannot be 'softfp'\n  hint: it is one of hard, soft, any",
        ),
        (
            'env.TvmModel("generated/2kws", "kws.tflite")',
            "",
            "TvmModel('generated/2kws'): '2kws' is no C identifier\n  hint: use letters, digits and underscores,",
        ),
        (
            'env.TvmModel("int", "kws.tflite")',
            "",
            "TvmModel('int'): 'int' is a word of C or C++\n  hint: use letters, digits and underscores,",
        ),
        (
            'env.TvmModel("kws", ["kws.tflite", "main.c"])',
            "",
            "TvmModel('kws'): a model is one file, these are 2\n  hint: make one TvmModel of each",
        ),
        (
            'env.TvmFirmware("app", ["main.c"])',
            'TVM_STM32_PART=""',
            "TvmFirmware('app'): a linker script and a start-up need to know the part\n"
            '  hint: Environment(..., TVM_STM32_PART="STM32F405RGT6")',
        ),
        (
            'env.TvmFirmware("app", ["main.c"], STAK=1024)',
            "",
            "TvmFirmware('app'): there is no setting STAK\n  hint: is STACK meant?",
        ),
        (
            'env.TvmRun("app.elf", EMULATOR="bochs")',
            "",
            "TvmRun('app.elf'): EMULATOR cannot be 'bochs'\n  hint: it is one of auto, qemu, unicorn",
        ),
        (
            'env.TvmCMakePackage("dist", "kws")',
            "",
            "TvmCMakePackage('dist'): 'kws' is no model\n  hint: give it what env.TvmModel returns",
        ),
    ],
)
def test_wrong_arguments(project: Project, checkout: Path, body: str, options: str, message: str) -> None:
    """They are told when the SConstruct is read, with file and line."""
    text = sconstruct(checkout, body, options)
    project.write("SConstruct", text)
    assert project.scons(status=2) == set()
    line = len(text.splitlines())
    assert project.errors.startswith(f"\nscons: *** SConstruct:{line}: {message}")


@pytest.mark.parametrize(
    ("body", "options", "message"),
    [
        (
            'env.TvmModel("kws", "kws.tflite")',
            'TVM_STM32_PART="STM32F405RG9"',
            "scons: *** [kws/kws.h] part: there is no STM32 part 'STM32F405RG9'\n  hint: near it: STM32F405RG",
        ),
        (
            'env.TvmModel("kws", "kws.tflite")',
            'TVM_STM32_PREFIX="arm-nowhere-eabi-"',
            "scons: *** [kws/kws.h] CC: the C compiler 'arm-nowhere-eabi-gcc' cannot be run:"
            " No such file or directory\n"
            "  hint: install it (on Debian: gcc-arm-none-eabi), or add its folder to the environment's ENV['PATH']",
        ),
        (
            'env.TvmModel("kws", "kws.tflite")',
            'CC="gcc"',
            "scons: *** [kws/kws.h] CC: the compiler 'gcc' makes code for no Cortex-M, STM32F405RGT6 is a cortex-m4\n"
            '  hint: make the Environment with TVM_STM32_PART="STM32F405RGT6" and leave CC alone, or let CC and CCFLAGS'
            " say arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
        ),
        (
            'env.TvmModel("kws", "kws.tflite")',
            'CC="arm-none-eabi-gcc", CCFLAGS="-mcpu=cortex-m33 -mthumb"',
            "scons: *** [kws/kws.h] CC: the compiler 'arm-none-eabi-gcc' makes code for armv8-m.main,"
            " STM32F405RGT6 is a cortex-m4\n  hint: make the Environment with ",
        ),
        (
            'env.TvmModel("kws", "kws.tflite")',
            'CC="arm-none-eabi-gcc", CCFLAGS=["-mcpu=cortex-m99"]',
            "scons: *** [kws/kws.h] arm-none-eabi-gcc -mcpu=cortex-m99: the C compiler does not take these flags:"
            " arm-none-eabi-gcc: error: unrecognized -mcpu target: cortex-m99\n  hint: see CC and CCFLAGS",
        ),
        (
            'env.TvmModel("kws", "missing.tflite")',
            "",
            "scons: *** [kws/kws.h] Source `missing.tflite' not found, needed by target `kws/kws.h'.",
        ),
        (
            'env.TvmModel("kws", "main.c")',
            "",
            "tvm-stm32: error: main.c: ",
        ),
        (
            'env.TvmFirmware("app", ["main.c"], PLACE={"kws_activations": "DTCM"})',
            "",
            "tvm-stm32: error: STM32F405RGT6: no memory 'DTCM' to place kws_activations in\n  hint: it has: RAM, CCM",
        ),
    ],
)
def test_failing_builds(project: Project, checkout: Path, body: str, options: str, message: str) -> None:
    """They are told when the command is about to run, so that cleaning and help always work."""
    project.write("SConstruct", sconstruct(checkout, body, options))
    project.scons("kws/kws.h" if "TvmModel" in body else "app_startup", status=2)
    assert project.errors.startswith(message)
    assert "scons: *** [" in project.errors
    assert not any((project.folder / name).exists() for name in ("kws/kws.h", "app_startup/link.ld"))
    project.scons("-c")


def test_soft_float_application_of_a_hard_float_library(project: Project, checkout: Path) -> None:
    body = (
        'kws = env.TvmModel("kws", "kws.tflite")\n'
        'soft = env.Clone(CC="arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=soft")\n'
        'soft.MergeFlags(kws.flags)\nsoft.Object("main.c")'
    )
    project.write("SConstruct", sconstruct(checkout, body))
    project.write("main.c", '#include "kws.h"\n')
    project.scons("main.o", status=2)
    assert "#error" in project.errors
    assert project.errors.splitlines()[-1] == "scons: *** [main.o] Error 1"
