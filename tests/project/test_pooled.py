# SPDX-License-Identifier: Apache-2.0
"""A project whose model lies in memory pools: linked to the part's memories, and run on a board that has others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cmake_project import Project, tvm_stm32
from exactness.oracle import Oracle
from project_api_client import SERVER_ERROR, TEMPLATE, ProjectApiClient, Refused, generate
from scons_project import ROOT, tiny_model
from small_networks import small_tflite

from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.firmware import Firmware, read_firmware
from tvm_stm32.errors import SettingsError
from tvm_stm32.project.create import new_project

PART = "STM32F405RGT6"
#: the most used in the CCM, weights too, as copies; the rest in the RAM, a small flash, and an external one
POOLS = """\
pools:
  - {name: fast, memory: CCM, size: 256, internal: true, holds: [activations, weights]}
  - {name: ram, memory: RAM}
  - {name: flash, memory: FLASH, size: 60}
  - {name: ext, kind: flash, address: 0x90000000, size: 4K}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by the command line."""
    folder = tmp_path_factory.mktemp("pooled")
    (folder / "net.tflite").write_bytes(small_tflite())
    (folder / "some pools.yaml").write_text(POOLS)
    model = ["--model", folder / "net.tflite", "--part", PART]
    printed = tvm_stm32("new-project", folder / "project", *model, "--memory-pools", folder / "some pools.yaml")
    assert "  pool net_activations, 220 bytes of fast (256 bytes at 0x10000000), of which 60 are copies" in printed
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


def test_scons(project: Path, tmp_path: Path) -> None:
    """Also by the protocol: a host reads what the reference computes."""
    moved = shutil.copytree(project, tmp_path / "moved")
    scons = [sys.executable, "-m", "SCons", "-Q", "."]
    done = subprocess.run([*scons, "run"], cwd=moved, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.splitlines()[-1].split()[1:] == [str(value) for value in expected()]
    with ProjectApiClient(moved) as client:
        check_places(read_firmware(moved / "build/host_driven.elf"))
        client.call("open_transport", options={})
        client.write((37 * np.arange(32) + 11).astype(np.uint8).tobytes(), 10)
        assert client.read(3, 10) == np.int8(expected()).tobytes()
    assert subprocess.run([*scons, "-q"], cwd=moved, timeout=60, check=False).returncode == 0
    assert (moved / "build/app.bin").stat().st_size < 1 << 20, "holds what lies between two flashes"
    assert (moved / "models/net_pools.yaml").read_text() == POOLS


def test_cmake(project: Path, tmp_path: Path) -> None:
    cmake = Project(shutil.copytree(project, tmp_path / "moved"))
    cmake.configure(f"TvmStm32_DIR={ROOT / 'cmake'}", f"TVM_STM32_PYTHON={sys.executable}")
    cmake.build()
    check_places(read_firmware(cmake.build_folder / "app.elf"))
    assert (cmake.build_folder / "app.bin").stat().st_size < 1 << 20
    assert cmake.build("--target", "run").splitlines()[-1].split()[1:] == [str(value) for value in expected()]


def test_pools_of_the_part_by_the_protocol(written: Path, tmp_path: Path) -> None:
    """The archive is that of the model without pools, which its interface does not know."""
    with ProjectApiClient(TEMPLATE) as client:
        generate(client, written / "model.tar", tmp_path / "project", {"part": PART, "memory_pools": "part"})
        with pytest.raises(Refused, match=r"cannot read the memory pools") as error:
            generate(client, written / "model.tar", tmp_path / "new", {"part": PART, "memory_pools": "missing.yaml"})
        assert error.value.code == SERVER_ERROR
    assert 'MEMORY_POOLS="part"' in (tmp_path / "project/SConstruct").read_text()
    assert "MEMORY_POOLS part)" in (tmp_path / "project/CMakeLists.txt").read_text()
    assert (tmp_path / "project/model.tar").read_bytes() == (written / "model.tar").read_bytes()
    assert (tmp_path / "project/emulated/link.ld").exists(), "QEMU's board has no CCM"


@pytest.mark.parametrize(
    ("pool", "what"),
    [
        ("{name: a, section: .fast}", "a project's linker script has no section .fast"),
        (
            "{name: b}, {name: a, kind: flash, address: 0x90000000, size: 1M, linked: false}",
            "all weights in its",
        ),
        ("{name: a, address: 0x20010000, size: 4K}", "linker script gives all of RAM to the program"),
        ("{name: a, memory: DTCM}", "has no memory 'DTCM'"),
    ],
)
def test_pools_that_a_project_cannot_have(pool: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "kws.tflite").write_bytes(tiny_model())
    (tmp_path / "pools.yaml").write_text(f"pools: [{pool}]\n")
    with pytest.raises(SettingsError, match=what):
        new_project(tmp_path / "new", tmp_path / "kws.tflite", PART, memory_pools=str(tmp_path / "pools.yaml"))
    assert not (tmp_path / "new").exists()
