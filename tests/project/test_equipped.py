# SPDX-License-Identifier: Apache-2.0
"""A project with all that a client can ask for: memory pools, macros, files, CMSIS, and no warnings.

Both builds give the compiler and the linker all of it, and it runs on a board with other memories.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exactness.oracle import Oracle
from project_api_client import TEMPLATE, ProjectApiClient, Refused, generate
from small_networks import small_tflite

from tests.project.test_additions import tar_of
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.firmware import Firmware, read_firmware

PART = "STM32F405RGT6"
#: the most used in the CCM, weights too, as copies; the rest in the RAM, a small flash, and an external one
POOLS = """\
pools:
  - {name: fast, memory: CCM, size: 256, internal: true, holds: [activations, weights]}
  - {name: ram, memory: RAM}
  - {name: flash, memory: FLASH, size: 60}
  - {name: ext, kind: flash, address: 0x90000000, size: 4K}
"""


#: compiles only with the macros, the headers and the folder of CMSIS; is in every firmware
EXTRA = """
#include "cmsis_compiler.h"
#include "extra.h"
#include "near.h"
#if LIMIT != 0x10 || FLAG != 1 || FROM_CMSIS != 7
#error the macros are missing
#endif
_Static_assert(sizeof TEXT == sizeof "a text, 1.5", "a string");
__attribute__((constructor)) void extra_begin(void)
{
    extra_begun = sizeof TEXT;
}
volatile unsigned extra_begun;
"""

FILES = {
    "src/more/extra.c": EXTRA,
    "include/extra.h": "extern volatile unsigned extra_begun;\n",
    "src/near.h": "void extra_begin(void);\n",
    "notes/read me.txt": "kept\n",
}


RUNS = {
    "scons": [[sys.executable, "-m", "SCons", "-Q", ".", "run"]],
    "cmake": [["cmake", "--build", "build"], ["cmake", "--build", "build", "--target", "run"]],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a client asks for it."""
    folder = tmp_path_factory.mktemp("equipped")
    core = folder / "cmsis 6" / "CMSIS" / "Core" / "Include"
    core.mkdir(parents=True)
    (core / "cmsis_compiler.h").write_text("#define FROM_CMSIS 7\n")
    (folder / "net.tflite").write_bytes(small_tflite())
    (folder / "some pools.yaml").write_text(POOLS)
    options = {
        "part": PART,
        "memory_pools": str(folder / "some pools.yaml"),
        "warning_as_error": True,
        "compile_definitions": ["-DLIMIT=0x10", "FLAG", 'TEXT="a text, 1.5"'],
        "extra_files_tar": str(tar_of(FILES, folder / "extra.tar.gz", "w:gz")),
        "cmsis_path": str(folder / "cmsis 6"),
        "name": None,
    }
    with ProjectApiClient(TEMPLATE) as client:
        generate(client, folder / "net.tflite", folder / "project", options)
    return folder / "project"


def expected() -> list[int]:
    """TFLM's output for the input that main.c makes up."""
    oracle = Oracle(small_tflite())
    oracle.run([(37 * np.arange(32) + 11).astype(np.uint8).view(np.int8).reshape(1, 4, 4, 2)])
    values: list[int] = oracle.output(0).ravel().tolist()
    assert len(set(values)) > 1
    return values


def check_places(firmware: Firmware) -> None:
    """Everything lies where the file of pools says."""
    part = find_part(PART)
    assert firmware.address("net_activations") == 0x10000000
    assert firmware.address("net_weights_ext") == 0x90000000
    assert part.ram.holds(firmware.address("net_activations_ram"), 32)
    assert part.flash.holds(firmware.address("net_weights_fast"), 60), "what create copies"
    assert part.flash.holds(firmware.address("net_weights"), 56)


@pytest.mark.parametrize("system", RUNS)
def test_builds_get_all_of_it(project: Path, system: str, tmp_path: Path) -> None:
    """A warning ends the build. Options of generate_project, sent to build as TVM's client does, mean nothing there."""
    moved = shutil.copytree(project, tmp_path / "moved")
    options = {"build_system": system, "part": PART, "warning_as_error": False, "memory_pools": "part"}
    with ProjectApiClient(moved) as client:
        client.call("build", options=options)
        check_places(read_firmware(moved / "build/host_driven.elf"))
        client.call("open_transport", options=options)
        client.write((37 * np.arange(32) + 11).astype(np.uint8).tobytes(), 10)
        assert client.read(3, 10) == np.int8(expected()).tobytes()
        client.call("close_transport")

        printed = "".join(
            subprocess.run(command, cwd=moved, capture_output=True, text=True, timeout=300, check=True).stdout
            for command in RUNS[system]
        )
        assert "t15: " + " ".join(map(str, expected())) in printed.splitlines()
        check_places(read_firmware(moved / "build/app.elf"))
        emulated = read_firmware(moved / "build/app_emulated.elf")
        assert emulated.address("net_activations") == 0x21000000, "the second RAM of QEMU's board"
        assert emulated.address("net_activations_ram") >> 24 == 0x20
        assert "extra_begun" in read_firmware(moved / "build/app.elf").symbols
        assert (moved / "build/app.bin").stat().st_size < 1 << 20, "holds what lies between two flashes"

        text = (moved / "src/more/extra.c").read_text().replace("sizeof TEXT == ", "2 + sizeof TEXT == ")
        (moved / "src/more/extra.c").write_text(text + "static int never;\n")
        with pytest.raises(Refused, match=r"(?s)static assertion failed: .*a string.*never.*-Werror=unused-variable"):
            client.call("build", options=options)


def test_the_project_holds_the_files_and_names_no_other_folder(project: Path) -> None:
    for name, text in {**FILES, "models/net_pools.yaml": POOLS}.items():
        assert (project / name).read_text() == text
    outside = str(project.parent / "cmsis 6/CMSIS/Core/Include")
    for name in ("SConstruct", "CMakeLists.txt"):
        text = (project / name).read_text()
        assert text.count(str(project.parent)) == text.count(outside) == 1
