# SPDX-License-Identifier: Apache-2.0
"""Which Python the CMake files run: that of the environment they are installed into, or of a checkout's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

COMMAND = Path(__file__).parents[2] / "cmake" / "TvmStm32Command.cmake"


def python(folder: Path) -> None:
    """Puts something that passes for an interpreter below `folder`."""
    program = folder / "bin" / "python3"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)


def found(files: Path, monkeypatch: pytest.MonkeyPatch, active: Path) -> str:
    """The interpreter that the files in `files` find while the virtual environment `active` is."""
    files.mkdir(parents=True)
    shutil.copy(COMMAND, files)
    script = files / "ask.cmake"
    script.write_text(
        'include("${CMAKE_CURRENT_LIST_DIR}/TvmStm32Command.cmake")\n'
        'tvm_stm32_python(command)\nmessage("${TVM_STM32_PYTHON}")\n'
    )
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    return subprocess.run(["cmake", "-P", script], capture_output=True, text=True, check=True).stderr.strip()


def test_installed_files_take_their_own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python(tmp_path / "own")
    python(tmp_path / "active")
    files = tmp_path / "own" / "share" / "cmake" / "TvmStm32"
    assert found(files, monkeypatch, tmp_path / "active") == str(tmp_path / "own/bin/python3")


@pytest.mark.parametrize("environment", ["active", "a/checkout/.venv"])
def test_a_checkout_takes_none_of_the_folders_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    python(tmp_path)  # as /bin/python3 is above a checkout two folders deep
    python(tmp_path / environment)
    package = tmp_path / "a" / "checkout" / "tvm_stm32"
    package.mkdir(parents=True)
    (package / "__main__.py").touch()
    said = found(tmp_path / "a" / "checkout" / "cmake", monkeypatch, tmp_path / "active")
    assert said == str(tmp_path / environment / "bin/python3")
