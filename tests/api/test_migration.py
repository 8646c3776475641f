# SPDX-License-Identifier: Apache-2.0
"""The programs of docs/migration.md, each with the library that it is for, read a digit on an emulated STM32F405."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.firmware.build import build_firmware
from tests.firmware.test_api import F405
from tvm_stm32.api.interface import choose
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

#: the interface that each program of the page uses, in its order, and the program's suffix
INTERFACES = [("x-cube-ai", ".c"), ("tflm", ".cc"), ("native", ".c")]
MAIN = """
#include "check.h"
static const unsigned char images[][64] = {{ {images} }};
int main(void)
{{
    for (int i = 0; i < {count}; i++) {{
        print("%d\\n", classify(images[i]));
    }}
    finish();
}}
"""


@pytest.mark.parametrize("index", range(len(INTERFACES)), ids=[name for name, _ in INTERFACES])
def test_the_page_can_be_followed(index: int, repository: Path, tmp_path: Path) -> None:
    programs = re.findall(r"^```(?:c|cpp)\n(.*?)^```$", (repository / "docs/migration.md").read_text(), re.M | re.S)
    assert len(programs) == len(INTERFACES)
    api, suffix = INTERFACES[index]
    digits = repository / "examples" / "digits"
    settings = Settings("digits", "balanced", "cortex-m4", F405.name, "hard", "arena", "arena", api=choose(api).api)
    model = compile_in_child(digits / "digits_int8.onnx", settings)
    with np.load(digits / "held_back.npz") as held_back:
        images, labels = held_back["images"][:12].reshape(-1, 64).tolist(), held_back["labels"][:12].tolist()
    rows = ", ".join(f"{{ {', '.join(map(str, image))} }}" for image in images)
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / f"migrated{suffix}").write_text(programs[index] + MAIN.format(images=rows, count=len(images)))
    run = run_elf(build_firmware("migrated", [model], F405, tmp_path, programs=folder), machine_for_part(F405))
    assert (run.output.splitlines(), run.status) == ([*map(str, labels), "done"], 0)
