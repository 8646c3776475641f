# SPDX-License-Identifier: Apache-2.0
"""The commands that documents show, and the output they show for them."""

from __future__ import annotations

import re
from pathlib import Path

#: A block of a terminal in Markdown.
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def shown(document: Path) -> dict[str, list[str]]:
    """Each command (without ``$``) of the terminals in `document`, with the lines of output under it."""
    commands: dict[str, list[str]] = {}
    for block in _CONSOLE.findall(document.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                output = commands.setdefault(line[2:], [])
            else:
                output.append(line)
    return commands
