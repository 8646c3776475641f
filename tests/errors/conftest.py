# SPDX-License-Identifier: Apache-2.0
"""The command line, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import EARLIER, CommandLine


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    """A folder that has nothing but what an earlier run left in ``out``."""
    (tmp_path / "out").mkdir()
    for name, content in EARLIER.items():
        (tmp_path / "out" / name).write_bytes(content)
    return CommandLine(tmp_path)
