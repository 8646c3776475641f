# SPDX-License-Identifier: Apache-2.0
"""Models in two execution contexts: an interrupt that runs them hits runs of the main program, many times."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from exactness.oracle import Oracle
from tflite_builder import TfliteBuilder
from tflite_builder import schema as tflite

from tests.firmware.build import build_firmware
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.device.core import CORES
from tvm_stm32.emulator.machine import machine_for_core
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import ToolError

SAME = {"padding": tflite.Padding.SAME, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def wake() -> bytes:
    """int8, 8x8x8: convolutions of 3x3 and 1x1, depthwise, mean, fully connected, softmax."""
    random = np.random.default_rng(7)
    builder = TfliteBuilder()

    def weights(*shape: int) -> int:
        return builder.constant(random.integers(-127, 128, shape).astype(np.int8), [1 / 256], [0])

    def bias(count: int) -> int:
        return builder.constant(random.integers(-900, 900, count).astype(np.int32), [1 / 16 / 256], [0])

    def value(*shape: int) -> int:
        return builder.value(shape, "int8", 1 / 16)

    x = builder.input([1, 8, 8, 8], "int8", 1 / 16)
    planes, filtered, mixed, mean, scores = (
        value(*shape) for shape in ((1, 8, 8, 12),) * 2 + ((1, 8, 8, 8), (1, 8), (1, 6))
    )
    probabilities = builder.value([1, 6], "int8", 1 / 256, -128)
    builder.operator("CONV_2D", [x, weights(12, 3, 3, 8), bias(12)], [planes], **SAME)
    builder.operator(
        "DEPTHWISE_CONV_2D", [planes, weights(1, 3, 3, 12), bias(12)], [filtered], **SAME, depthMultiplier=1
    )
    builder.operator("CONV_2D", [filtered, weights(8, 1, 1, 12), bias(8)], [mixed], **SAME)
    builder.operator("MEAN", [mixed, builder.constant(np.array([1, 2], np.int32))], [mean])
    builder.operator("FULLY_CONNECTED", [mean, weights(6, 8), bias(6)], [scores])
    builder.operator("SOFTMAX", [scores], [probabilities], beta=1.0)
    return builder.finish([probabilities])


def level() -> bytes:
    """float32, 24: fully connected, softmax."""
    random = np.random.default_rng(8)
    builder = TfliteBuilder()
    x = builder.input([1, 24], "float32")
    hidden, y = builder.value([1, 20], "float32"), builder.value([1, 20], "float32")
    builder.operator(
        "FULLY_CONNECTED", [x, builder.constant(random.normal(size=(20, 24)).astype(np.float32)), -1], [hidden]
    )
    builder.operator("SOFTMAX", [hidden], [y], beta=1.0)
    return builder.finish([y])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[CompiledModel]:
    folder = tmp_path_factory.mktemp("preemption")
    compiled = []
    for name, content in {"wake": wake(), "level": level()}.items():
        (folder / f"{name}.tflite").write_bytes(content)
        settings = Settings(name, "balanced", "cortex-m4", "", "any", "arena", "arena")
        compiled.append(compile_in_child(folder / f"{name}.tflite", settings))
    return compiled


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """What the program prints: the scores of TFLM for the inputs of main and of the handler."""
    oracle = Oracle(wake())
    lines = []
    for seed in (1, 2):
        values = np.arange(512) * 37 + seed * 101
        oracle.run([values.astype(np.int8).reshape(1, 8, 8, 8)])
        lines.append(" ".join(map(str, oracle.output(0).ravel())))
    return [*lines, "done"]


@pytest.mark.parametrize(
    ("cpu", "state"),
    [("cortex-m4", "KEEP_STATE | LAZILY"), ("cortex-m4", "KEEP_STATE"), ("cortex-m33", "KEEP_STATE | LAZILY")],
)
def test_runs_interrupt_each_other(
    cpu: str, state: str, models: list[CompiledModel], expected: list[str], tmp_path: Path
) -> None:
    machine = machine_for_core(CORES[cpu])
    elf = build_firmware("preemption", models, machine.board, tmp_path, defines=[f"FPU_STATE={state}"])
    run = run_elf(elf, machine)
    assert run.output.splitlines() == expected
    assert run.status == 0


def test_a_core_that_forgets_the_fpu_is_noticed(models: list[CompiledModel], tmp_path: Path) -> None:
    """The program sees what it is made to see: microkernels do keep addresses in the FPU's registers."""
    assert any("TVM_AI_KEEP" in microkernel.text for microkernel in models[0].microkernels)
    machine = machine_for_core(CORES["cortex-m4"])
    elf = build_firmware("preemption", models, machine.board, tmp_path, defines=["FPU_STATE=0"])
    with contextlib.suppress(ToolError):  # mostly it faults
        assert run_elf(elf, machine, timeout=20).status == 1
