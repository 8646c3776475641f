# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

from tests.tiny_models import tiny
from tvm_stm32.codegen.artifacts import artifact_names, header_names, source_names
from tvm_stm32.codegen.emit import emit


def test_names_are_those_of_the_files_that_are_emitted() -> None:
    assert artifact_names("tiny") == list(emit(tiny()))
    assert set(header_names("tiny")) | set(source_names("tiny")) < set(artifact_names("tiny"))
    assert source_names("tiny") == ["tiny.c", "tiny_kernels.c", "tiny_weights.c", "tvm_ai.c"]


def test_asking_for_names_imports_nothing_heavy() -> None:
    code = (
        "import sys, tvm_stm32.codegen.artifacts\n"
        "print(sorted({'tvm', 'numpy', 'jinja2', 'msgspec', 'onnx', 'tflite'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).strip() == "[]"
