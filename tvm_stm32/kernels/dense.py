# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Fully connected layer of one row, by the dense microkernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Argument, Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.dense import Dense, is_common, pack_dense
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap


@dataclass(frozen=True, slots=True)
class DenseSpecification:
    """inputs: a multiple of four."""

    inputs: int
    outputs: int
    words: int
    microkernel: Dense

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "fully_connected_dense"

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """With scratch, x may lie in its second half, and the output over x. Else the last four outputs may."""
        if not self.microkernel.widened:
            return (Overlap(written=2, read=0, distances=Distances(least=(self.outputs - 1) // 4 * 4)),)
        return (Overlap(2, 0, Distances(least=self.inputs)), Overlap(written=3, read=0, distances=ANYWHERE))

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        return (
            f"{self.family}: x [{self.inputs}], y [{self.outputs}]\n"
            "int8; requantized by multiply-high and shift: proven equal to the model's rounding"
        )


def build_dense(spec: DenseSpecification) -> Any:
    """The TIR function of `spec`: (x, stream[, scratch], y)."""
    inputs, outputs, words, name = spec.inputs, spec.outputs, spec.words, spec.microkernel.name

    @T.prim_func(s_tir=True)
    def widened(x: T.handle("int8"), stream: T.handle("int32"), scratch: T.handle("int16"), y: T.handle("int8")):
        X = T.decl_buffer((inputs,), "int8", data=x)
        S = T.decl_buffer((words,), "int32", data=stream)
        R = T.decl_buffer((inputs,), "int16", data=scratch)
        Y = T.decl_buffer((outputs,), "int8", data=y)
        T.evaluate(T.call_extern("void", "tvm_ai_widen_crossed", T.address_of(X[0]), T.address_of(R[0]), inputs))
        T.evaluate(T.call_extern("void", name, T.address_of(R[0]), T.address_of(S[0]), T.address_of(Y[0]), outputs))

    @T.prim_func(s_tir=True)
    def direct(x: T.handle("int8"), stream: T.handle("int32"), y: T.handle("int8")):
        X = T.decl_buffer((inputs,), "int8", data=x)
        S = T.decl_buffer((words,), "int32", data=stream)
        Y = T.decl_buffer((outputs,), "int8", data=y)
        T.evaluate(T.call_extern("void", name, T.address_of(X[0]), T.address_of(S[0]), T.address_of(Y[0]), outputs))

    return widened if spec.microkernel.widened else direct


def implement_dense(
    x: str, y: str, weights: npt.NDArray[np.int8], rule: NarrowRule | None, widened: bool
) -> Implementation | None:
    """The kernel for weights (outputs, inputs), or None where it does not apply.

    Args:
        x: the input tensor, one row.
        y: the output tensor, one row.
        weights: the weights.
        rule: of the lanes.
        widened: spend two bytes of scratch an input to save a twentieth of the cycles.
    """
    outputs, inputs = weights.shape
    if rule is None or inputs % 4:
        return None
    stream = pack_dense(weights, rule.biases, rule.layer)
    spec = DenseSpecification(inputs, outputs, len(stream), Dense(widened, is_common(rule.layer)))
    layout = f"{list(weights.shape)} with biases and requantization, as the dense microkernel reads them"
    arguments: list[Argument] = [Input(x), Constant("stream", stream, layout), Output(y)]
    if widened:
        arguments.insert(2, Scratch(2 * inputs))
    return Implementation(
        specification=spec,
        build=lambda: build_dense(spec),
        arguments=tuple(arguments),
        macs=weights.size,
        microkernels=(spec.microkernel,),
        overlaps=spec.overlaps,
    )
