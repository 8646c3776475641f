# SPDX-License-Identifier: Apache-2.0
"""Projects built by real SCons in temporary folders, with a copy of the package that tests may change."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tflite_builder import TfliteBuilder

ROOT = Path(__file__).parents[1]

#: Lines by which SCons and the tool say what they do; the others are what commands print.
_ACTION = re.compile(r"(TVM|GROUP|CC|AR|STARTUP|LINK|SIZE|BIN|HEX|RUN|PACKAGE|Removed|Retrieved) ")

HEAD = """\
DefaultEnvironment(tools=[])
options = dict(tools=["default", "tvm_stm32"], TVM_STM32_PART="STM32F405RGT6")
"""

#: An application that runs a model "kws" once and ends the emulator with `status`.
MAIN = """\
#include "kws.h"
#include "semihosting.h"

int main(void)
{
    static tvm_ai_instance kws;
    const tvm_ai_memory memory = {.activations = kws_activations, .size = sizeof kws_activations};
    if (tvm_ai_create(&kws, &kws_model, &memory) != TVM_AI_OK || tvm_ai_run(&kws) != TVM_AI_OK) {
        semihosting_exit(99);
    }
    semihosting_print("ran\\n");
    semihosting_exit(0);
}
"""


def tiny_model(weight: int = 5) -> bytes:
    """A .tflite file of one fully connected layer, int8 [1, 8] to [1, 4]; `weight` is the first of its weights."""
    weights = np.arange(-16, 16, dtype=np.int8).reshape(4, 8)
    weights[0, 0] = weight
    builder = TfliteBuilder()
    x = builder.input([1, 8], "int8", 0.5, 3)
    y = builder.value([1, 4], "int8", 0.25, -7)
    w = builder.constant(weights, [0.125], [0])
    b = builder.constant(np.array([1, -2, 3, -4], np.int32), [0.0625], [0])
    builder.operator("FULLY_CONNECTED", [x, w, b], [y])
    return builder.finish([y])


def copy_package(folder: Path) -> Path:
    """Copy the package and its site_scons into `folder`, as a submodule or a checkout has them; returns `folder`."""
    for name in ("tvm_stm32", "site_scons"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@dataclass
class Project:
    """A folder with an SConstruct. `printed` is what the last run of SCons printed, `errors` what to standard error."""

    folder: Path
    python: str = sys.executable
    printed: str = ""
    errors: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace the only occurrence of a text in a file of the project."""
        text = (self.folder / name).read_text()
        assert text.count(old) == 1
        self.write(name, text.replace(old, new))

    def scons(self, *arguments: str, status: int = 0) -> set[str]:
        """Run ``scons -Q`` with `arguments`, which must end with exit `status`.

        Returns:
            The lines of its actions, all of which differ. Their order is SCons' business.
        """
        # -j and the like of the developer must not change the lists.
        ignored = ("SCONSFLAGS", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if name not in ignored} | self.environment
        command = [self.python, "-m", "SCons", "-Q", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        self.printed, self.errors = done.stdout, done.stderr
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        actions = [" ".join(line.split()) for line in done.stdout.splitlines() if _ACTION.match(line)]
        assert len(set(actions)) == len(actions), done.stdout
        return set(actions)
