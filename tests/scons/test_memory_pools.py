# SPDX-License-Identifier: Apache-2.0
"""A model in memory pools: the linker puts it where the file of pools says, by whatever linker script."""

from __future__ import annotations

import shutil
from pathlib import Path

from scons_project import HEAD, Project, tiny_model

from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.firmware import read_firmware

SCONSTRUCT = (
    HEAD
    + """\
CHECKOUT, SETTINGS = {settings}
env = Environment(**options, toolpath=[CHECKOUT])
kws = env.TvmModel("kws", "kws.tflite", MEMORY_POOLS="pools.yaml", **SETTINGS)
app = env.TvmFirmware("app", ["main.c", kws])
own = env.Clone(LINKFLAGS=["-T", "app_startup/link.ld", "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections"])
own.Append(CPPPATH=[CHECKOUT + "/tvm_stm32/emulator"])
own.MergeFlags(kws.flags)
client = own.Program("client.elf", ["main.c", "app_startup/startup.c"], OBJPREFIX="client_")
own.Depends(client, [app, kws.fragment])
env.Alias("run", env.TvmRun(app))
"""
)
MAIN = """\
#include "kws.h"
#include "semihosting.h"

int main(void)
{
    static tvm_ai_pooled_instance kws;
    if (tvm_ai_create_in_pools(&kws, &kws_model, kws_memory, KWS_POOLS) != TVM_AI_OK) {
        semihosting_exit(99);
    }
    semihosting_exit(tvm_ai_run(&kws.instance) == TVM_AI_OK ? 0 : 98);
}
"""
POOLS = "pools: [{{name: top, address: {address}, size: 4K}}]\n"


def test_a_file_of_pools(tmp_path: Path, checkout: Path) -> None:
    project = Project(tmp_path)
    project.write("SConstruct", SCONSTRUCT.replace("{settings}", repr((str(checkout), {}))))
    project.write("kws.tflite", tiny_model())
    project.write("main.c", MAIN)
    project.write("pools.yaml", POOLS.format(address="0x20018000"))
    project.scons(".", "run")
    for elf in ("app.elf", "client.elf"):
        assert read_firmware(tmp_path / elf).address("kws_activations") == 0x20018000
    assert project.scons(".") == set()
    external = "{name: ext, kind: flash, address: 0x90000000, size: 4K}"
    project.write("pools.yaml", POOLS.format(address="0x20010000").replace("}]", "}, " + external + "]"))
    assert {"TVM kws.tflite -> kws", "LINK app.elf"} <= project.scons(".")
    for elf in ("app.elf", "client.elf"):
        firmware = read_firmware(tmp_path / elf)
        assert firmware.address("kws_activations") == 0x20010000
        assert firmware.address("kws_weights_ext") == 0x90000000
    assert (tmp_path / "app.bin").stat().st_size < 1 << 20, "holds what lies between two flashes"
    assert ":020000049000" in (tmp_path / "app.hex").read_text(), "what the other flash holds is missing"


def test_other_interfaces_know_no_pools(tmp_path: Path, checkout: Path) -> None:
    project = Project(tmp_path)
    project.write("SConstruct", SCONSTRUCT.replace("{settings}", repr((str(checkout), {"API": ["stai"]}))))
    project.write("pools.yaml", POOLS.format(address="0x20018000"))
    project.write("kws.tflite", tiny_model())
    project.scons(status=2)
    assert "stai knows one piece of memory, not pools" in project.errors


TURNS = """\
#include "semihosting.h"
#include "turns.h"

int main(void)
{
    static tvm_ai_pooled_instance kws;
    static tvm_ai_instance wake;
    if (tvm_ai_create_in_pools(&kws, &kws_model, turns_kws, KWS_POOLS) != TVM_AI_OK ||
        tvm_ai_create(&wake, &wake_model, turns_wake) != TVM_AI_OK) {
        semihosting_exit(99);
    }
    semihosting_exit(tvm_ai_run(&kws.instance) == TVM_AI_OK && tvm_ai_run(&wake) == TVM_AI_OK ? 0 : 98);
}
"""


def test_a_group(tmp_path: Path, checkout: Path) -> None:
    """A model in pools and one without take turns; the linker is told of their memory once.

    They are in a folder with an SConscript of its own, and so is the compiler, whose path starts at the top.
    """
    project = Project(tmp_path)
    (tmp_path / "tools").mkdir()
    for program in ("gcc", "ar", "objcopy"):
        (tmp_path / f"tools/arm-none-eabi-{program}").symlink_to(str(shutil.which(f"arm-none-eabi-{program}")))
    flags = find_part("STM32F405RGT6").compiler_flags()
    lines = HEAD + (
        f"options |= dict(CC='tools/arm-none-eabi-gcc', LINK='$CC', CCFLAGS={flags!r}, LINKFLAGS={flags!r})\n"
        f"env = Environment(**options, toolpath=[{str(checkout)!r}])\n"
        'models = SConscript("models/SConscript", exports="env")\n'
        'app = env.TvmFirmware("app", ["main.c", models])\n'
        'env.Alias("run", env.TvmRun(app))\n'
    )
    project.write("SConstruct", lines)
    models = (
        'Import("env")\nkws = env.TvmModel("kws", "#kws.tflite", MEMORY_POOLS="pools.yaml")\n'
        'wake = env.TvmModel("wake", "#kws.tflite")\n'
        'models = [env.TvmGroup("turns", [kws, wake]), kws, wake]\nReturn("models")\n'
    )
    project.write("models/SConscript", models)
    project.write("kws.tflite", tiny_model())
    project.write("models/pools.yaml", POOLS.format(address="0x20018000"))
    project.write("main.c", TURNS)
    assert "GROUP models/turns" in project.scons(".", "run")
    symbols = read_firmware(tmp_path / "app.elf").symbols
    assert symbols["turns_activations_top"].address == 0x20018000
    assert not {"kws_activations", "wake_activations"} & set(symbols)
    assert project.scons(".") == set()
    project.replace("models/SConscript", "[kws, wake])", "[kws])")
    project.scons(status=2)
    assert "name two models at least" in project.errors
