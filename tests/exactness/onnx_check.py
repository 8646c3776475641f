# SPDX-License-Identifier: Apache-2.0
"""ONNX models against onnxruntime without optimizations: compiled, run on the host, differences counted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from exactness.single_operator import compile_on_host
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tvm_stm32.check.host import HostModel
from tvm_stm32.model.network import Network
from tvm_stm32.model.onnx import read_onnx

Array = npt.NDArray[Any]
#: of the largest result, for float32
TOLERANCE = 1e-5
#: share of quantized values that may differ, by one step
SHARE = 1e-3


class OnnxOracle:
    """onnxruntime, one operator after the other as the file has them."""

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The model's outputs."""
        names = [value.name for value in self.session.get_inputs()]
        outputs: list[Array] = self.session.run(None, dict(zip(names, inputs, strict=True)))
        return outputs

    def inputs(self, rng: np.random.Generator, spread: float = 1.0) -> list[Array]:
        """Random inputs: all integers alike often, or normally distributed float32."""
        arrays = []
        for value in self.session.get_inputs():
            shape = [1 if isinstance(extent, str) or extent is None else extent for extent in value.shape]
            if value.type == "tensor(float)":
                arrays.append((rng.normal(size=shape) * spread).astype(np.float32))
            else:
                dtype = np.int8 if value.type == "tensor(int8)" else np.uint8
                limits = np.iinfo(dtype)
                arrays.append(rng.integers(limits.min, limits.max, shape, dtype, endpoint=True))
        return arrays


def read_bytes(model: bytes) -> Network:
    """The network of an .onnx file's bytes."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "model.onnx"
        path.write_bytes(model)
        return read_onnx(path)


@dataclass
class Compiled:
    """A model as C in a shared library, with inputs and outputs in the file's layout."""

    host: HostModel
    channels_last: frozenset[str]

    @staticmethod
    def of(model: bytes) -> Compiled:
        """Compiles a model."""
        network = read_bytes(model)
        names = [*network.inputs, *network.outputs]
        moved = frozenset(name for name in names if any(f"{name!r} is channels last" in n for n in network.notes))
        return Compiled(compile_on_host(network), moved)

    def run(self, inputs: Sequence[Array], expected: Sequence[Array]) -> list[Array]:
        """The outputs, in the shapes of the `expected` ones."""
        arrays = [
            np.moveaxis(array, 1, -1) if tensor.name in self.channels_last else array
            for tensor, array in zip(self.host.inputs, inputs, strict=True)
        ]
        results = []
        outputs = self.host.run([np.ascontiguousarray(array) for array in arrays])
        for tensor, array, like in zip(self.host.outputs, outputs, expected, strict=True):
            if tensor.name in self.channels_last:
                last = [like.shape[0], *like.shape[2:], like.shape[1]]
                array = np.moveaxis(array.reshape(last), -1, 1)
            results.append(array.reshape(like.shape))
        return results


@dataclass
class Tally:
    """Quantized values compared so far, how many differ, and by how much at most."""

    values: int = 0
    differing: int = 0
    largest: int = 0
    worst: str = field(default="", repr=False)

    def add(self, found: Array, expected: Array, what: str) -> None:
        """Counts one output."""
        assert found.dtype == expected.dtype
        steps = np.abs(found.astype(np.int64) - expected.astype(np.int64))
        self.values += steps.size
        self.differing += int(np.count_nonzero(steps))
        if steps.size and steps.max() > self.largest:
            self.largest, self.worst = int(steps.max()), what

    def check(self, share: float = SHARE) -> None:
        """States the count, and asserts that at most a `share` of the values differs, by one step."""
        print(f"{self.differing} of {self.values} values differ, by {self.largest} at most")
        assert self.values > 0
        assert self.largest <= 1, self.worst
        assert self.differing <= share * self.values, self


@dataclass(frozen=True)
class Case:
    """A model, the seed of the values that it is given, and what it is."""

    model: bytes = field(repr=False)
    seed: int
    description: str = ""


def compare(case: Case, tally: Tally, runs: int = 4) -> None:
    """Runs a model on random inputs; counts differences of integers, asserts closeness of float32."""
    oracle, compiled = OnnxOracle(case.model), Compiled.of(case.model)
    for inputs in _inputs(oracle, case.seed, runs):
        expected = oracle.run(inputs)
        for found, wanted in zip(compiled.run(inputs, expected), expected, strict=True):
            if wanted.dtype == np.float32:
                limit = TOLERANCE * max(float(np.abs(wanted).max(initial=0.0)), 1e-30)
                np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, atol=limit, err_msg=case.description)
            else:
                tally.add(found, wanted, case.description)


def _inputs(oracle: OnnxOracle, seed: int, runs: int) -> Iterator[list[Array]]:
    rng = np.random.default_rng(seed)
    for run in range(runs):
        yield oracle.inputs(rng, spread=10.0 ** (run % 3 - 1))


def compare_generated(strategy: st.SearchStrategy[Case], number: int, share: float = SHARE) -> Tally:
    """Compares generated models and asserts the count of differing values."""
    tally = Tally()

    @settings(max_examples=examples(number))
    @given(strategy)
    def generated(case: Case) -> None:
        compare(case, tally)

    generated()
    tally.check(share)
    return tally
