# SPDX-License-Identifier: Apache-2.0
"""What the documents show of the command line is what it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from documents import shown

from tvm_stm32.model.onnx.reader import SUPPORTED
from tvm_stm32.model.tflite.operators import READERS

ROOT = Path(__file__).parents[2]

#: Those that can be tried: their model is in the repository, and their output is shown.
COMMANDS = [
    pytest.param(command, lines, id=f"{document.name}: {command.split()[1]}")
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for command, lines in shown(document).items()
    if command.startswith("tvm-stm32 compile examples/")
]


@pytest.mark.parametrize(("command", "lines"), COMMANDS)
def test_a_command_prints_what_its_document_shows(command: str, lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    words = [sys.executable, "-m", "tvm_stm32", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr).splitlines() == lines


def test_the_guide_lists_the_operators_of_each_format() -> None:
    guide = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    lists = [re.findall(r"\w+", names) for names in re.findall(r"^Operators: ([^.]+)\.", guide, re.MULTILINE)]
    assert sorted(lists) == sorted([SUPPORTED, sorted(READERS)])
