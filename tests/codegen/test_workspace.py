# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""An operator with large local arrays: TVM's calls for a workspace get memory that is planned with everything else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from exactness.emulated import run_on_emulator
from tvm.script import tirx as T

from tests.toolchains import C99, HOST, M4
from tvm_stm32.check.host import HostModel
from tvm_stm32.codegen import compile as compiler
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.memory.pools import Pool
from tvm_stm32.model.network import Add, Arithmetic, Network, Operator, Quantization, Tensor

COUNT = 1024
SETTINGS = Settings("mixer", "balanced", "cortex-m4", "", "any", "arena", "arena")
POOLS = (Pool("fast", size=7000, internal=True), Pool("slow", speed=1))


@dataclass(frozen=True)
class Mixer:
    """y[i] = a[-1 - i] / 2 + b[i] / 2, four times, each in turn by way of two large arrays."""

    family: str = "mixer"

    def describe(self) -> str:
        return "mixer: of two arrays"


def build_mixer():
    @T.prim_func(s_tir=True)
    def mixer(a: T.handle("int8"), b: T.handle("int8"), y: T.handle("int8")):
        A = T.decl_buffer((COUNT,), "int8", data=a)
        B = T.decl_buffer((COUNT,), "int8", data=b)
        Y = T.decl_buffer((COUNT,), "int8", data=y)
        wide = T.alloc_buffer((COUNT,), "int32")
        for i in T.serial(COUNT):
            wide[i] = T.Cast("int32", A[COUNT - 1 - i])
        for part in T.serial(4):
            half = T.alloc_buffer((COUNT,), "int16")
            for i in T.serial(COUNT):
                half[i] = T.Cast("int16", (wide[i] >> 1) + (T.Cast("int32", B[i]) >> 1))
            for i in T.serial(COUNT // 4):
                Y[part * (COUNT // 4) + i] = T.Cast("int8", half[part * (COUNT // 4) + i])

    return mixer


def implement(_network, operator, _target, _ranges) -> Implementation:
    a, b = operator.inputs
    return Implementation(Mixer(), build_mixer, (Input(a), Input(b), Output(operator.outputs[0])))


def compiled(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> CompiledModel:
    """The network of one operator that no other kernel computes."""
    monkeypatch.setattr(compiler, "implement", implement)
    scale = Quantization((0.5,), (0,))
    tensors = {name: Tensor(name, (1, COUNT), "int8", scale) for name in "aby"}
    operator = Operator("mix", "MIX", Add(), ["a", "b"], ["y"], Arithmetic.TFLITE)
    return compiler.compile_network(Network(tensors, [operator], ["a", "b"], ["y"]), settings)


def inputs() -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [random.integers(-128, 128, (1, COUNT)).astype(np.int8) for _ in range(2)]


def expected(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a[:, ::-1].astype(int) >> 1) + (b.astype(int) >> 1)).astype(np.int8)


@pytest.mark.parametrize("pools", [(), POOLS], ids=["arena", "pools"])
def test_large_arrays_are_planned(pools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = compiled(monkeypatch, msgspec.structs.replace(SETTINGS, pools=pools))
    (kernel,) = model.kernels
    assert "TVMBackendAllocWorkspace(1, 0, " in kernel.body
    assert "TVMBackendAllocWorkspace(1, 4096, " in kernel.body or "TVMBackendAllocWorkspace(1, 2048, " in kernel.body
    assert kernel.body.count("TVMBackendFreeWorkspace(") == 2
    scratch = model.calls[0].arguments[-1]
    assert (scratch.kind, scratch.size, scratch.pool) == ("scratch", 6 * COUNT, "activations")
    assert {model.tensor(name).pool for name in (*model.inputs, *model.outputs)} == {"slow" if pools else "activations"}
    write_artifacts(emit(model), tmp_path)
    for toolchain in (HOST, M4):  # and none of it is on the stack
        toolchain.compile(tmp_path, *C99, "-O2", "-Wframe-larger-than=256", "-c", "mixer_kernels.c", "mixer.c")
    a, b = inputs()
    (found,) = HostModel.load(tmp_path, "mixer").run([a, b])
    assert np.array_equal(found, expected(a, b))


def test_on_the_emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = compiled(monkeypatch, SETTINGS)
    a, b = inputs()
    [[[found]]] = run_on_emulator([model], [[[a, b]]], "cortex-m4", tmp_path)
    assert np.array_equal(found, expected(a, b))
