# SPDX-License-Identifier: Apache-2.0
"""The files of a standalone project, from its name and part alone: the same bytes each time, and no absolute path."""

from __future__ import annotations

import json
from pathlib import Path

from tvm_stm32.codegen.environment import c_environment
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import Part
from tvm_stm32.device.startup import render_startup
from tvm_stm32.project.additions import Additions
from tvm_stm32.project.boards import Boards
from tvm_stm32.project.description import FILE, Description

_TEMPLATES = Path(__file__).parent / "templates"
_SEMIHOSTING = Path(__file__).resolve().parents[1] / "emulator" / "semihosting.h"
_SERVER = Path(__file__).parent / "template" / "microtvm_api_server.py"

#: file of a project -> the template or file it is made from
_FILES = {
    "README.md": "README.md.j2",
    "SConstruct": "SConstruct.j2",
    "CMakeLists.txt": "CMakeLists.txt.j2",
    "cmake/toolchain.cmake": "toolchain.cmake.j2",
    ".gitignore": "gitignore.j2",
    "src/main.c": "main.c.j2",
    "src/host_driven.c": "host_driven.c.j2",
    "src/console.c": "console.c",
    "src/console.h": "console.h",
}


def project_files(
    name: str,
    part: Part,
    optimize: str,
    model: str,
    boards: Boards,
    pools: str = "",
    additions: Additions | None = None,
) -> dict[str, bytes]:
    """Every file of a project but the model, its memory pools and what is added, by its path in the project.

    Args:
        name: the model's name in C.
        part: what the firmware is for.
        optimize: "time", "ram" or "balanced".
        model: where the project keeps the model file, such as "models/kws.tflite".
        boards: what `boards_for` says of the part.
        pools: "part", where the project keeps the file of memory pools, or "" for none.
        additions: what the builds must know of.
    """
    additions = additions or Additions()
    environment = c_environment(_TEMPLATES)
    context = {"name": name, "part": part, "optimize": optimize, "model": model, "boards": boards, "pools": pools}
    context |= {"additions": additions, "definitions": _definitions(additions)}
    files = {file: environment.get_template(template).render(context) for file, template in _FILES.items()}
    files["src/semihosting.h"] = _SEMIHOSTING.read_text(encoding="utf-8")
    files[_SERVER.name] = _SERVER.read_text(encoding="utf-8")
    for board in boards.all:
        files[f"{board.folder}/link.ld"] = render_linker_script(board.part, placements=board.placements(name))
        files[f"{board.folder}/startup.c"] = render_startup(board.part)
    described = {FILE: Description(name, part.name, optimize, model, pools).encode()}
    return {file: text.encode() for file, text in files.items()} | described


def _definitions(additions: Additions) -> dict[str, str]:
    """The macros as text of a build file of each kind: a list in Python, words in CMake.

    To SCons a value is a word for a shell, to CMake it is what stands between its quotes: both get ``\\"`` for ``"``.
    """
    given = [(name, *([] if value is None else [value.replace('"', r"\"")])) for name, value in additions.definitions]
    literals = [f"({', '.join(map(json.dumps, one))})" if len(one) > 1 else json.dumps(one[0]) for one in given]
    return {
        "scons": f"[{', '.join(literals)}]",
        "cmake": " ".join(f'"{"=".join(one)}"' for one in given),
    }
