# SPDX-License-Identifier: Apache-2.0
"""The SCons tool ``tvm_stm32``: neural networks as libraries and firmware for STM32. In an SConstruct::

    env = Environment(tools=["default", "tvm_stm32"], TVM_STM32_PART="STM32F405RGT6")
    kws = env.TvmModel("kws", "models/kws.tflite", OPTIMIZE="balanced")
    app = env.TvmFirmware("app", ["main.c", kws])
    env.Alias("run", env.TvmRun(app))
    env.TvmCMakePackage("dist", kws)

With TVM_STM32_PART and no compiler of its own the environment gets the part's, ``arm-none-eabi-gcc`` with its machine
flags. Without, the environment's own compiler and flags say what to compile for. Commands are shown in short unless the
environment has ``VERBOSE``. Every construction variable can be set beforehand or afterwards; the modules of this
package list them in ``defaults``.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from tvm_stm32.scons import cmake_package, firmware, group, library, model, toolchain

#: What is shown in place of the commands.
COMMAND_STRINGS = {
    "TVM_STM32_COMPILECOMSTR": "TVM     $_TVM_STM32_MODEL -> ${TARGET.dir}",
    "TVM_STM32_CCCOMSTR": "CC      $TARGET",
    "TVM_STM32_ARCOMSTR": "AR      $TARGET",
    "TVM_STM32_GROUPCOMSTR": "GROUP   ${TARGET.dir}",
    "TVM_STM32_STARTUPCOMSTR": "STARTUP ${TARGET.dir}",
    "TVM_STM32_LINKCOMSTR": "LINK    $TARGET",
    "TVM_STM32_BINCOMSTR": "BIN     $TARGET",
    "TVM_STM32_HEXCOMSTR": "HEX     $TARGET",
    "TVM_STM32_SIZECOMSTR": "SIZE    $TARGET",
    "TVM_STM32_LIBRARYSIZECOMSTR": "SIZE    $TARGET",
    "TVM_STM32_RUNCOMSTR": "RUN     $SOURCE",
    "TVM_STM32_CMAKEPACKAGECOMSTR": "PACKAGE ${SOURCE.filebase} in $_TVM_STM32_PREFIX",
    "TVM_STM32_CMAKECOMPONENTSCOMSTR": "PACKAGE $TVM_STM32_PACKAGE in $_TVM_STM32_PREFIX",
}


def generate(env: Any) -> None:
    """Add the pseudo-builders to `env`, and each construction variable that it has not set itself."""
    env.SetDefault(TVM_STM32_PYTHON=[sys.executable])
    for module in (library, model, group, firmware, cmake_package):
        env.SetDefault(**module.defaults())
    if not env.get("VERBOSE"):
        env.SetDefault(**COMMAND_STRINGS)
    toolchain.choose_compiler(env)
    toolchain.add_builders(env)
    env.AddMethod(model.model_sources, "TvmModelSources")
    env.AddMethod(model.model_library, "TvmModel")
    env.AddMethod(group.group, "TvmGroup")
    env.AddMethod(firmware.firmware, "TvmFirmware")
    env.AddMethod(firmware.run, "TvmRun")
    env.AddMethod(cmake_package.cmake_package, "TvmCMakePackage")


def exists(env: Any) -> bool:
    """Whether models can be compiled here: TVM is installed and there is a C compiler. Imports neither."""
    command = toolchain.compiler(env) or ["arm-none-eabi-gcc"]
    return find_spec("tvm") is not None and env.WhereIs(command[0]) is not None
