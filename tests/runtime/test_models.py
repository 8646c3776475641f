# SPDX-License-Identifier: Apache-2.0
"""The C of whole networks: compilers and sanitizers find nothing, with buffers in the arena and out of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.toolchains import C99, HOST, SANITIZERS, TOOLCHAINS
from tvm_stm32.codegen.artifacts import source_names
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts

NETWORKS = ["ad_int8", "ic_fp32", "ic_int8", "kws_int8", "vww_int8"]
#: compiling a network takes a while; small models go through all of them
CHOICE = [
    toolchain for toolchain in TOOLCHAINS if toolchain.name in ("gcc", "clang", "m0plus", "m4-hard", "clang-m4-hard")
]
PROGRAM = Path(__file__).parent / "stream_model.c"


@pytest.mark.parametrize(("network", "place"), [*((name, "arena") for name in NETWORKS), ("kws_int8", "application")])
def test_compilers_and_sanitizers_find_nothing(network: str, place: str, shared: Path, tmp_path: Path) -> None:
    settings = Settings("net", "balanced", "cortex-m4", "", "any", place, place)
    write_artifacts(emit(compile_in_child(shared / "models" / f"{network}.tflite", settings)), tmp_path)
    if place == "arena":
        for toolchain in CHOICE:
            assert toolchain.compile(tmp_path, *C99, "-O2", "-c", "net.c", "net_kernels.c") == ""
    HOST.compile(
        tmp_path,
        *[*C99, *SANITIZERS, "-O1", '-DMODEL_HEADER="net.h"', "-DMODEL=net_model", "-I."],
        *[str(PROGRAM), *source_names("net"), "-lm", "-o", "program"],
    )
    data = shared / "bench" / "data"
    with (data / f"{network}_in.bin").open("rb") as inputs:
        done = subprocess.run([tmp_path / "program"], stdin=inputs, capture_output=True, timeout=300, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    expected = np.load(data / f"{network}_out.npy")
    outputs = np.frombuffer(done.stdout, expected.dtype).reshape(expected.shape)
    if expected.dtype == np.int8:
        np.testing.assert_array_equal(outputs, expected)
    else:
        np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-5)
