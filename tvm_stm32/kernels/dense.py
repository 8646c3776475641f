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
from tvm_stm32.kernels.microkernels.dense import LONG, UNROLL, Dense, pack_dense
from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.kernels.microkernels.widen import Widen
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap


@dataclass(frozen=True, slots=True)
class DenseSpecification:
    """Numbers of inputs, of outputs, and of words of the stream."""

    inputs: int
    outputs: int
    words: int
    requantization: Requantization
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
        ahead = self.inputs if self.inputs % 4 == 0 else self.padded + 4
        return (Overlap(2, 0, Distances(least=ahead)), Overlap(written=3, read=0, distances=ANYWHERE))

    @property
    def padded(self) -> int:
        """Inputs as the microkernel reads them: a multiple of four."""
        return -(-self.inputs // 4) * 4

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        return f"{self.family}: x [{self.inputs}], y [{self.outputs}]\nint8; {self.requantization.describe()}"


def build_dense(spec: DenseSpecification) -> Any:
    """The TIR function of `spec`: (x, stream[, scratch], y)."""
    inputs, outputs, words, name = spec.inputs, spec.outputs, spec.words, spec.microkernel.name
    padded, fours, widen = spec.padded, spec.inputs // 4 * 4, Widen(crossed=True).name

    @T.prim_func(s_tir=True)
    def widened(x: T.handle("int8"), stream: T.handle("int32"), scratch: T.handle("int16"), y: T.handle("int8")):
        X = T.decl_buffer((inputs,), "int8", data=x)
        S = T.decl_buffer((words,), "int32", data=stream)
        R = T.decl_buffer((padded,), "int16", data=scratch)
        Y = T.decl_buffer((outputs,), "int8", data=y)
        if fours > 0:
            T.evaluate(T.call_extern("void", widen, T.address_of(X[0]), T.address_of(R[0]), fours))
        for i in T.unroll(padded - fours):  # the rest in the order of the others, and zeros
            if fours + i < inputs:
                R[fours + i % 2 * 2 + i // 2] = T.cast(X[fours + i], "int16")
            else:
                R[fours + i % 2 * 2 + i // 2] = T.int16(0)
        T.evaluate(T.call_extern("void", name, T.address_of(R[0]), T.address_of(S[0]), T.address_of(Y[0]), outputs))

    @T.prim_func(s_tir=True)
    def direct(x: T.handle("int8"), stream: T.handle("int32"), y: T.handle("int8")):
        X = T.decl_buffer((inputs,), "int8", data=x)
        S = T.decl_buffer((words,), "int32", data=stream)
        Y = T.decl_buffer((outputs,), "int8", data=y)
        T.evaluate(T.call_extern("void", name, T.address_of(X[0]), T.address_of(S[0]), T.address_of(Y[0]), outputs))

    return widened if spec.microkernel.widened else direct


def implement_dense(x: str, y: str, weights: npt.NDArray[np.int8], rule: NarrowRule, objective: str) -> Implementation:
    """The kernel for weights (outputs, inputs).

    Args:
        x: the input tensor, one row.
        y: the output tensor, one row.
        weights: the weights.
        rule: of the lanes.
        objective: unless it is "ram", two bytes of scratch an input are spent to save a twentieth of the cycles; also
            where inputs are no multiple of four. For "time" long loops get a larger body.
    """
    outputs, inputs = weights.shape
    form = rule.requantization
    unroll = LONG if objective == "time" and inputs >= 4 * LONG else UNROLL
    microkernel = Dense.of(objective != "ram" or inputs % 4 > 0, rule.layer, form, unroll)
    filled = np.pad(weights, ((0, 0), (0, -inputs % 4)))
    stream = pack_dense(filled, rule.biases, rule.layer, microkernel)
    spec = DenseSpecification(inputs, outputs, len(stream), form, microkernel)
    layout = f"{list(weights.shape)} with biases and requantization, as the dense microkernel reads them"
    arguments: list[Argument] = [Input(x), Constant("stream", stream, layout), Output(y)]
    if microkernel.widened:
        arguments.insert(2, Scratch(2 * spec.padded))
    return Implementation(
        specification=spec,
        build=lambda: build_dense(spec),
        arguments=tuple(arguments),
        macs=weights.size,
        microkernels=(Widen(crossed=True), microkernel) if microkernel.widened and inputs > 3 else (microkernel,),
        overlaps=spec.overlaps,
        rounding=rule.requantization.describe(),
    )
