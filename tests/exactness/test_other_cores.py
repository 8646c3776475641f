# SPDX-License-Identifier: Apache-2.0
"""Cores that no table of STM32 parts is about: the C compiles without a warning, and gives TFLM's bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from exactness.emulated import run_on_emulator
from exactness.oracle import Oracle
from small_networks import small_tflite

from tests.toolchains import C99, Toolchain
from tvm_stm32.codegen.artifacts import source_names
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.device.core import CORES, compiler_flags

INPUTS = np.random.default_rng(3).integers(-128, 128, (4, 1, 4, 4, 2)).astype(np.int8)

#: cores whose C is the same; the first is compiled for
ALIKE = (("cortex-m23", "cortex-m1"), ("cortex-m85", "cortex-m35p", "cortex-m52", "cortex-m55"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CompiledModel]:
    """The small network, compiled for each core of `ALIKE`."""
    file = tmp_path_factory.mktemp("model") / "small.tflite"
    file.write_bytes(small_tflite())
    found = {}
    for first, *others in ALIKE:
        model = compile_in_child(file, Settings("small", "balanced", first, "", "any", "arena", "arena"))
        found |= dict.fromkeys([first, *others], model)
    return found


@pytest.mark.parametrize("cpu", ["cortex-m23", "cortex-m85"])
def test_outputs_are_tflms(cpu: str, models: dict[str, CompiledModel], tmp_path: Path) -> None:
    (rounds,) = run_on_emulator([models[cpu]], [[[values] for values in INPUTS]], cpu, tmp_path)
    oracle = Oracle(small_tflite())
    for values, (output,) in zip(INPUTS, rounds, strict=True):
        oracle.run([values])
        np.testing.assert_array_equal(output, oracle.output(0))


@pytest.mark.parametrize("cpu", ["cortex-m1", "cortex-m35p", "cortex-m55"])
def test_no_warnings(cpu: str, models: dict[str, CompiledModel], tmp_path: Path) -> None:
    """M52's flags are those of M85."""
    for name, content in emit(models[cpu]).items():
        (tmp_path / name).write_bytes(content)
    core = CORES[cpu]
    flags = compiler_flags(core, float_abi="hard" if core.fpus else None)
    Toolchain(cpu, ("arm-none-eabi-gcc", *flags)).compile(tmp_path, *C99, "-Os", "-c", *source_names("small"))
