# SPDX-License-Identifier: Apache-2.0
"""A compiled model beside its original interpreter: the same inputs to both, and how far the outputs are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tvm_stm32.check.host import HostModel
from tvm_stm32.check.reference import Reference
from tvm_stm32.codegen.manifest import ManifestTensor

Array = npt.NDArray[Any]

#: What a front end notes of an input or output whose axes it has moved.
_CHANNELS_LAST = "is channels last in C"
_TO_CHANNELS_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1)}


class Difference(msgspec.Struct, frozen=True):
    """How far one output is apart, over all runs."""

    output: str  # name in the model file
    dtype: str
    values: int  # compared
    differing: int  # values that are not equal
    largest: float  # absolute; for integers in steps
    relative: float  # the largest, as a share of the reference's largest absolute value
    rmse: float
    step: float = 0.0  # of an output that is dequantized at the end: one quantization step, as a real number

    def within(self, steps: int, tolerance: float) -> bool:
        """Whether integers are at most `steps` apart, and floats `tolerance` of the reference's largest value.

        Floats that are dequantized integers may be so many steps apart, too.
        """
        if not self.dtype.startswith("float"):
            return self.largest <= steps
        return self.relative <= tolerance or self.largest <= steps * self.step * (1 + 1e-5)


def random_inputs(model: HostModel, samples: int, seed: int) -> list[list[Array]]:
    """For each of `samples` runs the model's inputs: any integer of the type, or normally distributed floats."""
    generator = np.random.default_rng(seed)

    def values(tensor: ManifestTensor) -> Array:
        if tensor.dtype.startswith("float"):
            return generator.normal(size=tensor.shape).astype(tensor.dtype)
        limits = np.iinfo(tensor.dtype)
        return generator.integers(limits.min, limits.max, tensor.shape, tensor.dtype, endpoint=True)

    return [[values(tensor) for tensor in model.inputs] for _ in range(samples)]


def compare(model: HostModel, reference: Reference, runs: Sequence[Sequence[Array]]) -> list[Difference]:
    """Run both on each of `runs`, inputs in the layout of the C; one `Difference` for each output."""
    computed: list[list[Array]] = [[] for _ in model.outputs]
    expected: list[list[Array]] = [[] for _ in model.outputs]
    for inputs in runs:
        originals = reference.run(
            [_original(model, "input", tensor, value) for tensor, value in zip(model.inputs, inputs, strict=True)]
        )
        for index, (tensor, output, original) in enumerate(
            zip(model.outputs, model.run(inputs), originals, strict=True)
        ):
            computed[index].append(_original(model, "output", tensor, output).reshape(-1))
            expected[index].append(original.reshape(-1))
    return [
        msgspec.structs.replace(
            _difference(tensor, np.concatenate(ours), np.concatenate(theirs)), step=_step(model, tensor)
        )
        for tensor, ours, theirs in zip(model.outputs, computed, expected, strict=True)
    ]


def _original(model: HostModel, role: str, tensor: ManifestTensor, value: Array) -> Array:
    """`value` with its axes as the model file has them."""
    shaped = value.reshape(tensor.shape)
    if not any(note.startswith(f"{role} {tensor.name!r} {_CHANNELS_LAST}") for note in model.manifest.notes):
        return shaped
    return np.ascontiguousarray(shaped.transpose(np.argsort(_TO_CHANNELS_LAST[shaped.ndim])))


def _step(model: HostModel, output: ManifestTensor) -> float:
    """The scale of the integers that `output` is dequantized from; 0 where it is not, or by several scales."""
    tensors = {tensor.c_name: tensor for tensor in model.manifest.tensors}
    for call in model.manifest.calls:
        names = [argument.name for argument in call.arguments if argument.kind == "tensor"]
        if call.variant == "dequantize" and names[-1] == output.c_name:
            quantization = tensors[names[0]].quantization
            return quantization.scales[0] if quantization and len(quantization.scales) == 1 else 0.0
    return 0.0


def _difference(tensor: ManifestTensor, computed: Array, expected: Array) -> Difference:
    apart = np.abs(computed.astype(np.float64) - expected.astype(np.float64))
    # a value that is no number on both sides is equal
    apart[np.isnan(computed.astype(np.float64)) & np.isnan(expected.astype(np.float64))] = 0
    apart[np.isnan(apart)] = np.inf
    size = float(np.abs(expected.astype(np.float64)).max(initial=0.0))
    largest = float(apart.max(initial=0.0))
    return Difference(
        output=tensor.name,
        dtype=tensor.dtype,
        values=int(apart.size),
        differing=int(np.count_nonzero(apart)),
        largest=largest,
        relative=largest / size if size else largest,
        rmse=float(np.sqrt(np.mean(apart**2))),
    )
