# SPDX-License-Identifier: Apache-2.0
"""Instruction counts between marks are exact: compared with loops whose length is known."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from arm_firmware import link
from emulator.programs import COUNTED

from tvm_stm32.cli import main
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.plugin import counting_plugin
from tvm_stm32.emulator.run import Run, run_elf
from tvm_stm32.errors import ToolError

F405 = find_part("STM32F405RGT6")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link(F405, COUNTED, tmp_path_factory.mktemp("counted"))


def run(elf: Path, *marks: str) -> Run:
    return run_elf(elf, machine_for_part(F405), (marks[0], marks[1]), timeout=30, emulator=Emulator.QEMU)


def test_every_interval_is_counted_exactly(counted: Path) -> None:
    result = run(counted, "begin", "end")
    assert result.status == 3
    # nop, bx; mov, bl; n times subs and bne, bx; bl
    assert result.counts == [2 + 2 + 2 * (1 << k) + 1 + 1 for k in range(11)]


def test_a_second_begin_starts_anew(counted: Path) -> None:
    # The first instruction of `loop` begins each turn: what counts is the last one, subs, bne, bx, and bl of `end`.
    assert run(counted, "loop", "end").counts == [4] * 11


def test_without_an_end_there_is_no_interval(counted: Path) -> None:
    assert run(counted, "loop", "main").counts == []


def test_counts_repeat(counted: Path) -> None:
    assert run(counted, "begin", "end") == run(counted, "begin", "end")


def test_paths_with_blanks_and_commas(counted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "a, b=c"
    odd.mkdir()
    shutil.copyfile(counted, odd / "firm,ware.elf")
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    monkeypatch.setenv("XDG_CACHE_HOME", str(odd))
    assert run(odd / "firm,ware.elf", "begin", "end") == run(counted, "begin", "end")


def test_a_missing_mark_is_told(counted: Path) -> None:
    with pytest.raises(ToolError, match="no symbol 'finish'"):
        run(counted, "begin", "finish")


def test_the_command_prints_the_counts(counted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(["run", str(counted), "--part", "STM32F405RGT6", "--count", "begin", "end"])
    assert exit_status.value.code == 3
    assert capsys.readouterr().out == "instructions   11 intervals: least 8, mean 378.2, most 2,054\n"


def test_the_plugin_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plugin = counting_plugin()
    assert plugin.parent == tmp_path / "tvm_stm32"
    made = plugin.stat().st_mtime_ns
    monkeypatch.setenv("PATH", "")  # no compiler is needed any more
    assert counting_plugin() == plugin
    assert [path.name for path in plugin.parent.iterdir()] == [plugin.name]
    assert plugin.stat().st_mtime_ns == made


def test_without_a_compiler_for_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="needs a C compiler"):
        counting_plugin()


def test_a_compiler_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cc").symlink_to(shutil.which("false") or "/bin/false")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ToolError, match="failed"):
        counting_plugin()
    assert list((tmp_path / "tvm_stm32").iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ToolError, match="cannot keep the instruction counter"):
        counting_plugin()
