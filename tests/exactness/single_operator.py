# SPDX-License-Identifier: Apache-2.0
"""A model of one operator against the reference: compiled, run on the host, compared value by value."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from exactness.oracle import LiteRtOracle, Oracle

from tvm_stm32.check.host import HostModel
from tvm_stm32.codegen.compile import compile_network
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.model.network import Network, Tensor
from tvm_stm32.model.tflite import read_tflite

#: a core with DSP instructions, for which there are kernels of their own, and one without
CORES = ("cortex-m4", "cortex-m0plus")
OBJECTIVES = ("balanced", "time", "ram")
SETTINGS = Settings("model", "balanced", CORES[0], "", "any", "arena", "arena")
#: of the largest result, for float32
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Case:
    """A model, the seed of the values that it is given, and the reference."""

    model: bytes
    seed: int
    description: str = ""
    oracle: type[Oracle] | type[LiteRtOracle] = Oracle
    flat: bool = True  #: inputs of one value all over are tried too

    def __repr__(self) -> str:
        return f"<{self.description}; seed {self.seed}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For hypothesis, which would print the bytes of the model."""
        printer.text("..." if cycle else repr(self))


def compile_on_host(network: Network, settings: Settings = SETTINGS) -> HostModel:
    """The network as C in a shared library."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, content in emit(compile_network(network, settings)).items():
            (folder / name).write_bytes(content)
        return HostModel.load(folder, settings.name)


def read_bytes(model: bytes) -> Network:
    """The network of a .tflite file's bytes."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "model.tflite"
        path.write_bytes(model)
        return read_tflite(path)


def values(tensors: Sequence[Tensor], seed: int, flat: bool = True) -> Iterator[list[npt.NDArray[Any]]]:
    """Inputs to try: for int8 the extremes, all values alike often and values near the zero point."""
    rng = np.random.default_rng(seed)
    if any(t.dtype == "float32" for t in tensors):
        for spread in (1.0, 5.0):
            yield [(rng.normal(size=t.shape) * spread).astype(np.float32) for t in tensors]
        return
    for low, high in ((-128, 127), (-128, -128), (127, 127))[: 3 if flat else 1]:
        yield [rng.integers(low, high, t.shape, np.int8, endpoint=True) for t in tensors]
    yield [_near_zero_point(t, rng) for t in tensors]


def _near_zero_point(tensor: Tensor, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    assert tensor.quantization is not None
    real = rng.normal(size=tensor.shape) * 12 + tensor.quantization.zero_point
    return np.clip(np.round(real), -128, 127).astype(np.int8)


def check(case: Case, **changes: str) -> None:
    """Compares every output with the reference's: int8 by the byte, float32 within TOLERANCE.

    `changes` are settings other than those of SETTINGS.
    """
    network = read_bytes(case.model)
    tensors = [network.tensors[name] for name in network.inputs]
    reference = case.oracle(case.model)
    model = compile_on_host(network, msgspec.structs.replace(SETTINGS, **changes))
    for inputs in values(tensors, case.seed, case.flat):
        reference.run(inputs)
        for index, found in enumerate(model.run(inputs)):
            compare(found, reference.output(index))


def compare(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> None:
    """Asserts equality, or closeness for float32."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if found.dtype == np.float32:
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max(initial=0.0))
    else:
        np.testing.assert_array_equal(found, expected)
