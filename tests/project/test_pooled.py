# SPDX-License-Identifier: Apache-2.0
"""Which memory pools a project can have. That it runs in them is in test_equipped.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_api_client import SERVER_ERROR, TEMPLATE, ProjectApiClient, Refused, generate
from scons_project import tiny_model

from tvm_stm32.cli import main
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError
from tvm_stm32.project.boards import boards_for
from tvm_stm32.project.contents import project_files
from tvm_stm32.project.create import new_project
from tvm_stm32.project.pooled import kept_name, project_pools

PART = "STM32F405RGT6"


def test_pools_of_the_part() -> None:
    """QEMU's board has none of its CCM."""
    part = find_part(PART)
    pools = project_pools("part", part)
    assert [pool.name for pool in pools] == ["ccm", "ram", "flash"]
    boards = boards_for(part, pools)
    assert (boards.emulated.folder, boards_for(part).emulated.folder) == ("emulated", "board")
    files = project_files("kws", part, "ram", "models/kws.tflite", boards, kept_name("part", "kws"))
    assert b'OPTIMIZE="ram", MEMORY_POOLS="part")' in files["SConstruct"]
    assert b"OPTIMIZE ram MEMORY_POOLS part)" in files["CMakeLists.txt"]


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


def test_pools_that_are_not_there(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command line and by the protocol."""
    model, missing = str(written / "model.tar"), str(tmp_path / "missing.yaml")
    assert (
        main(["new-project", str(tmp_path / "new"), "--model", model, "--part", PART, "--memory-pools", missing]) == 2
    )
    assert f"{missing}: cannot read the memory pools" in capsys.readouterr().err
    with ProjectApiClient(TEMPLATE) as client, pytest.raises(Refused, match="cannot read the memory pools") as error:
        generate(client, written / "model.tar", tmp_path / "new", {"part": PART, "memory_pools": missing})
    assert error.value.code == SERVER_ERROR
