# SPDX-License-Identifier: Apache-2.0
"""The example with a DMA controller, built as its user would in a copy of the project, on an emulated AN505."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PRINTED = """\
copied when create returns: no
copied by interrupts while the application goes on: yes
more than one block: yes
the same answers from SRAM: yes
from the copy: yes
copied when create returns without interrupts: no
the same answers after a run has waited: yes
from the copy: yes
the same answers without room for a copy: yes
from flash: yes
"""


def scons(folder: Path, *arguments: str) -> str:
    """What SCons prints in the example's folder."""
    command = [sys.executable, "-m", "SCons", "-Q", *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_weights_are_copied_in_the_background(repository: Path, tmp_path: Path) -> None:
    for name in ("site_scons", "examples/dma", "examples/digits"):
        shutil.copytree(repository / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "build"))
    for name in ("tvm_stm32", "cmake"):
        os.symlink(repository / name, tmp_path / name)
    folder = tmp_path / "examples" / "dma"
    assert scons(folder, "run").endswith(PRINTED)
    assert scons(folder) == "scons: `.' is up to date.\n"
