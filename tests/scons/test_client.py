# SPDX-License-Identifier: Apache-2.0
"""A library in environments that are not ours: with their own flags, names and tools, and on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scons_project import Project, tiny_model

#: An environment as real-time operating systems make it: flags in single strings, prefixes, warnings as errors.
CLIENT = """\
DefaultEnvironment(tools=[])
env = Environment(
    tools=["gcc", "ar", "gnulink", "tvm_stm32"], toolpath=[{checkout!r}], VERBOSE=True,
    CC="arm-none-eabi-gcc",
    CFLAGS=" -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -Wall -Werror -O0 -gdwarf-2 -std=gnu11",
    LINKFLAGS=" -mcpu=cortex-m4 -mthumb -Wl,-Map=rtos.map -T link.lds",
    OBJPREFIX="rtos_", OBJSUFFIX=".obj", LIBPREFIX="", LIBSUFFIX=".lib", ARFLAGS="-rc", CPPPATH=["rtos"],
    CPPDEFINES=["int8_t=char"],
)
kws = env.TvmModel("kws", "kws.tflite", FLOAT_ABI="any")
"""

HOST = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["default", "tvm_stm32"], toolpath=[{checkout!r}], CCFLAGS=["-Wall", "-Werror"])
kws = env.TvmModel("kws", "kws.tflite")
assert (kws.name, str(kws.header), str(kws.library)) == ("kws", "kws/kws.h", "kws/libkws.a")
assert [str(node) for node in kws] == ["kws/libkws.a"]
assert "kws/kws_weights.c" in map(str, kws.sources) and str(kws.manifest) == "kws/kws.json"

merged = env.Clone()
merged.MergeFlags(kws.flags)
merged.Program("by_flags", "main.c")

prepended = env.Clone(LIBS="c", LINKFLAGS="-nodefaultlibs")
prepended.Prepend(**kws.flags)
prepended.Program("by_prepending", prepended.Object("prepended", "main.c"))

included = env.Clone(CPPPATH=["kws"], models=kws, OBJPREFIX="source_")
included.Program("by_source", ["main.c", included["models"]])
included.Program("by_sum", ["main.c"] + kws)
included.Clone(LIBS=[kws], OBJPREFIX="library_").Clone().Program("by_library", "main.c")
env.TvmCMakePackage("dist", [kws], PACKAGE="models", PACKAGE_VERSION="1.2")
"""

MAIN = """\
#include "kws.h"

int main(void)
{
    static uint8_t arena[KWS_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
    static tvm_ai_instance kws;
    const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
    return tvm_ai_create(&kws, &kws_model, &memory) == TVM_AI_OK && tvm_ai_run(&kws) == TVM_AI_OK ? 42 : 1;
}
"""


def test_flags_of_the_client(tmp_path: Path, checkout: Path) -> None:
    """Machine and debug information are the client's, optimisation, dialect, names and archive are ours."""
    project = Project(tmp_path)
    project.write("SConstruct", CLIENT.format(checkout=str(checkout)))
    project.write("kws.tflite", tiny_model())
    project.scons("-n")
    compiler = "arm-none-eabi-gcc -c -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -gdwarf-2 -std=c99"
    names = ("kws", "kws_kernels", "kws_weights", "tvm_ai")
    generate, *commands = project.printed.splitlines()
    assert generate.endswith(
        "-P -m tvm_stm32 compile kws.tflite --name kws --cpu cortex-m4 --optimize balanced"
        " --inputs arena --outputs arena --float-abi any --output kws"
    )
    assert set(commands) == {
        *(
            f"{compiler} -O2 -ffp-contract=off -ffunction-sections -fdata-sections"
            f" -ffile-prefix-map={tmp_path}=. -o kws/{name}.o kws/{name}.c"
            for name in names
        ),
        "arm-none-eabi-ar rcsD kws/libkws.a " + " ".join(f"kws/{name}.o" for name in names),
        generate.partition(" compile ")[0] + " size kws/libkws.a",
    }
    project.scons()
    assert "\nlibkws.a\n  text " in project.printed
    assert (tmp_path / "kws/libkws.a").is_file()


def test_host(tmp_path: Path, checkout: Path) -> None:
    """For tests on a PC; and each way in which SCons takes a library."""
    project = Project(tmp_path)
    project.write("SConstruct", HOST.format(checkout=str(checkout)))
    project.write("kws.tflite", tiny_model())
    project.write("main.c", MAIN)
    project.scons()
    for program in ("by_flags", "by_prepending", "by_source", "by_sum", "by_library"):
        assert subprocess.run([tmp_path / program], timeout=60, check=False).returncode == 42
    for package in ("kws", "models"):
        assert "1.2" in (tmp_path / f"dist/lib/cmake/{package}/{package}-config-version.cmake").read_text()
    assert project.scons() == set()
