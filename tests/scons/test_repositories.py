# SPDX-License-Identifier: Apache-2.0
"""Environments as firmware repositories have them: how they spell a machine, name tools, and link."""

from __future__ import annotations

import shutil
from pathlib import Path

from scons_project import Project, tiny_model

from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import find_part
from tvm_stm32.device.startup import render_startup
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

HARD = "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard"

#: name -> keywords of an environment
SPELLINGS = {
    # flags in strings, tools of a PC that are told of others
    "strings": f"tools=['mingw', 'tvm_stm32'], AS='arm-none-eabi-gcc', CC='arm-none-eabi-gcc', AR='arm-none-eabi-ar',"
    f" CFLAGS=' {HARD} -Dgcc -O0 -gdwarf-2', ARFLAGS='-rc', LINK='arm-none-eabi-gcc', LINKFLAGS='{HARD} -T link.lds'",
    # an architecture in place of a core, the older spelling of the ABI, warnings as errors, nothing but a compiler
    "lists": "tools=['gcc', 'gnulink', 'tvm_stm32'], CC='arm-none-eabi-gcc',"
    " CCFLAGS=['-march=armv7e-m+fp', '-mthumb', '-mhard-float', '-Wall', '-Werror', '-ffreestanding', '-fno-builtin',"
    " '-fno-inline', '-funroll-loops', '-nostdlib', '-nostartfiles', '-Xlinker', '--fatal-warnings'],"
    " LINKFLAGS=['-nostdlib']",
    # no tool but ours, and a compiler in a folder with a blank
    "bare": f"""tools=['tvm_stm32'], CC='"#tool chain/arm-none-eabi-gcc"'.replace('#', Dir('#').abspath + '/'),"""
    f" CCFLAGS='{HARD}'",
    # a part, and the compiler of somebody who says it all
    "part": "tools=['mingw', 'tvm_stm32'], TVM_STM32_PART='STM32F405RGT6', CC='arm-none-eabi-gcc',"
    f" CFLAGS='{HARD} -Os -fsingle-precision-constant'",
}

OURS = "-std=c99 -O2 -ffp-contract=off -ffunction-sections -fdata-sections"


def test_spellings_of_one_machine(tmp_path: Path, checkout: Path) -> None:
    """However a client says it, the library is compiled for its machine and ABI, with our optimisation."""
    compiler = shutil.which("arm-none-eabi-gcc")
    assert compiler
    (tmp_path / "tool chain").mkdir()
    (tmp_path / "tool chain/arm-none-eabi-gcc").symlink_to(compiler)
    lines = [
        f"Environment(toolpath=[{str(checkout)!r}], VERBOSE=True, OBJPREFIX='x_', {keywords})"
        f".TvmModel('{name}/kws', 'kws.tflite')"
        for name, keywords in SPELLINGS.items()
    ]
    project = Project(tmp_path)
    project.write("SConstruct", "\n".join(["DefaultEnvironment(tools=[])", *lines]) + "\n")
    project.write("kws.tflite", tiny_model())
    project.scons("-n")
    commands = project.printed.splitlines()

    ours = f"{OURS} -ffile-prefix-map={tmp_path}=."

    def command(*words: str) -> str:
        (line,) = (line for line in commands if all(word in line.split() for word in words))
        return line

    def compiled(name: str) -> str:
        return command("-o", f"{name}/kws/kws.o").removesuffix(f" -o {name}/kws/kws.o {name}/kws/kws.c")

    assert compiled("strings") == f"arm-none-eabi-gcc -c {HARD} -gdwarf-2 {ours}"
    assert compiled("lists") == f"arm-none-eabi-gcc -c -march=armv7e-m+fp -mthumb -mhard-float {ours}"
    assert compiled("bare") == f'"{tmp_path}/tool chain/arm-none-eabi-gcc" -c {HARD} {ours}'
    assert compiled("part") == f"arm-none-eabi-gcc -c {HARD} {ours}"
    for name in ("strings", "lists", "part"):
        assert command("rcsD", f"{name}/kws/libkws.a").startswith("arm-none-eabi-ar ")
    assert command("rcsD", "bare/kws/libkws.a").startswith(f'"{tmp_path}/tool chain/arm-none-eabi-ar" ')
    for name in SPELLINGS:
        machine = ("--part", "STM32F405RGT6") if name == "part" else ("--cpu", "cortex-m4")
        assert command("compile", "kws.tflite", "--output", f"{name}/kws", *machine, "--float-abi", "hard")


#: Firmware without a C library, in a variant folder, whose libraries are all linked as a whole.
FREESTANDING = """\
DefaultEnvironment(tools=[])
env = Environment(
    tools=["gcc", "gas", "ar", "gnulink", "tvm_stm32"], toolpath=[{checkout!r}], CC="arm-none-eabi-gcc",
    CFLAGS=" {machine} -I{emulator} -ffreestanding -nostdlib -Wall -Werror -std=c99",
    LINKFLAGS=" {machine} -nostdlib -Wl,--gc-sections -T link.ld",
    LINKCOM="$LINK -o $TARGET $LINKFLAGS $SOURCES $_LIBDIRFLAGS"
    " -Wl,--whole-archive $_LIBFLAGS -Wl,--no-whole-archive -lgcc",
    OBJPREFIX="rtos_", LIBS="",
)
SConscript("SConscript", variant_dir="build/debug", duplicate=0, exports="env")
"""

MODELS = """\
Import("env")
models = [env.TvmModel(name, "kws.tflite", API="native x-cube-ai") for name in ("kws", "wake")]
for model in models:
    env.MergeFlags(model.flags)
env.Program("app.elf", ["main.c", "startup.c"])
"""

MAIN = """\
#include <stddef.h>

#include "kws.h"
#include "semihosting.h"
#include "wake.h"

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

/* The C library of this firmware. */
void *memcpy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile char *)to)[i] = (char)value;
    }
    return to;
}

static int runs(const tvm_ai_model *model)
{
    static uint8_t arena[KWS_ACTIVATIONS_SIZE + WAKE_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
    tvm_ai_instance instance;
    const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
    return tvm_ai_create(&instance, model, &memory) == TVM_AI_OK && tvm_ai_run(&instance) == TVM_AI_OK;
}

int main(void)
{
    semihosting_print(runs(&kws_model) && runs(&wake_model) ? "both ran\\n" : "failed\\n");
    semihosting_exit(0);
    return 0;
}
"""


def test_whole_libraries_without_a_c_library(tmp_path: Path, checkout: Path) -> None:
    """Two models each bring the runtime, of which the first is used; nothing but memcpy and memset is asked for."""
    part = find_part("STM32F405RGT6")
    machine = " ".join(part.compiler_flags())
    project = Project(tmp_path)
    project.write("link.ld", render_linker_script(part))
    project.write("startup.c", render_startup(part))
    emulator = checkout / "tvm_stm32/emulator"
    project.write("SConstruct", FREESTANDING.format(checkout=str(checkout), machine=machine, emulator=emulator))
    project.write("SConscript", MODELS)
    project.write("main.c", MAIN)
    project.write("kws.tflite", tiny_model())
    project.scons("-j2")
    assert (tmp_path / "build/debug/rtos_main.o").is_file()
    assert run_elf(tmp_path / "build/debug/app.elf", machine_for_part(part)).output == "both ran\n"
    assert project.scons() == set()
