# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError

OLD = {"a.h": b"old a", "b.c": b"old b", "c.c": b"old c"}
NEW = {"a.h": b"new a", "b.c": b"old b", "c.c": b"new c", "d.c": b"new d"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_folders_are_made(tmp_path: Path) -> None:
    assert write_artifacts(OLD, tmp_path / "deep" / "er") == list(OLD)
    assert contents(tmp_path / "deep" / "er") == OLD


def test_only_changes_are_written(tmp_path: Path) -> None:
    write_artifacts(OLD, tmp_path)
    (tmp_path / "other").write_bytes(b"not ours")
    for name in OLD:
        os.utime(tmp_path / name, (1, 1))
    assert write_artifacts(NEW, tmp_path) == ["a.h", "c.c", "d.c"]
    assert contents(tmp_path) == NEW | {"other": b"not ours"}
    assert [(tmp_path / name).stat().st_mtime == 1 for name in OLD] == [False, True, False]
    assert write_artifacts(NEW, tmp_path) == []


def test_files_are_as_readable_as_any(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_artifacts({"a.h": b"a"}, tmp_path)
    assert (tmp_path / "a.h").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    write_artifacts(OLD, tmp_path)
    (tmp_path / "d.c").mkdir()
    with pytest.raises(SettingsError, match=r"d\.c: cannot write: Is a directory") as caught:
        write_artifacts(NEW, tmp_path)
    assert caught.value.hint
    (tmp_path / "d.c").rmdir()
    assert contents(tmp_path) == OLD


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(SettingsError, match="out: cannot write"):
        write_artifacts(NEW, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"mine"


@pytest.mark.parametrize("failing", [1, 2, 3])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_midway_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, error: BaseException
) -> None:
    write_artifacts(OLD, tmp_path)
    replace, calls = os.replace, []

    def failing_replace(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == failing:
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(SettingsError if isinstance(error, OSError) else KeyboardInterrupt):
        write_artifacts(NEW, tmp_path)
    assert contents(tmp_path) == OLD
