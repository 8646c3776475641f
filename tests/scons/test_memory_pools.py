# SPDX-License-Identifier: Apache-2.0
"""A model in memory pools: the linker puts it where the file of pools says, by whatever linker script."""

from __future__ import annotations

from pathlib import Path

from scons_project import HEAD, Project, tiny_model

from tvm_stm32.emulator.firmware import read_firmware

SCONSTRUCT = (
    HEAD
    + """\
CHECKOUT, SETTINGS = {settings}
env = Environment(**options, toolpath=[CHECKOUT])
kws = env.TvmModel("kws", "kws.tflite", MEMORY_POOLS=ARGUMENTS.get("POOLS", "pools.yaml"), **SETTINGS)
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
    project.write("pools.yaml", POOLS.format(address="0x20010000"))
    assert {"TVM kws.tflite -> kws", "LINK app.elf"} <= project.scons(".")
    for elf in ("app.elf", "client.elf"):
        assert read_firmware(tmp_path / elf).address("kws_activations") == 0x20010000
    project.scons("POOLS=part", "app.elf")
    firmware = read_firmware(tmp_path / "app.elf")
    assert 0x10000000 <= firmware.address("kws_activations") < 0x10010000  # scratch, in CCM
    assert 0x20000000 <= firmware.address("kws_activations_ram") < 0x20020000


def test_other_interfaces_know_no_pools(tmp_path: Path, checkout: Path) -> None:
    project = Project(tmp_path)
    project.write("SConstruct", SCONSTRUCT.replace("{settings}", repr((str(checkout), {"API": ["stai"]}))))
    project.write("pools.yaml", POOLS.format(address="0x20018000"))
    project.write("kws.tflite", tiny_model())
    project.scons(status=2)
    assert "stai knows one piece of memory, not pools" in project.errors
