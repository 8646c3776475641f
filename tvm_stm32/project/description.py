# SPDX-License-Identifier: Apache-2.0
"""``project.json``: what a project remembers of the call that made it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tvm_stm32.errors import SettingsError

FILE = "project.json"
#: the model that a project was made of, in Model Library Format
ARCHIVE = "model.tar"


class Description(msgspec.Struct, frozen=True, omit_defaults=True):
    """The firmware's network, part and objective."""

    name: str  # of the model in C
    part: str
    optimize: str  # "time", "ram", "balanced"
    model: str  # the model file, in the project
    memory_pools: str = ""  # a file of the project, "part", or nothing

    def encode(self) -> bytes:
        """As the file holds it."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def read_description(project: Path) -> Description:
    """The description of the project in that folder.

    Raises:
        SettingsError: it is no project, or its description is damaged.
    """
    path = project / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Description)
    except (OSError, msgspec.DecodeError) as error:
        hint = "tvm-stm32 new-project and generate_project make projects"
        raise SettingsError(f"this is no project: {error}", str(path), hint) from error
