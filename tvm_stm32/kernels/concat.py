# SPDX-License-Identifier: Apache-2.0
"""Concatenation of any number of inputs of any type: runs copied one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as build

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.copy import copy
from tvm_stm32.kernels.implementation import Implementation, Output, read
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.model.network import Concat, Network, Operator


@dataclass(frozen=True, slots=True)
class ConcatSpecification:
    """`outer` times one run of each input; `runs` are their lengths in elements."""

    outer: int
    runs: tuple[int, ...]
    dtype: str

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "concat"

    def describe(self) -> str:
        """Loops and type, for the comment above the C function."""
        return f"concat: {self.outer} times runs of {list(self.runs)} values of {self.dtype}"

    def distances(self, k: int) -> Distances:
        """How the output may overlap input `k`: its last run is the one that is written farthest behind its place."""
        before = sum(self.runs[:k]) + (self.outer - 1) * (sum(self.runs) - self.runs[k])
        return Distances(least=np.dtype(self.dtype).itemsize * before)


def build_concat(spec: ConcatSpecification) -> Any:
    """The TIR function of `spec`: (x0, x1, ..., y)."""
    total = sum(spec.runs)
    starts = [0, *accumulate(spec.runs)]
    with IRBuilder() as builder, build.prim_func(s_tir=True):
        build.func_name("concat")
        pointers = [build.arg(f"x{k}", build.handle(spec.dtype)) for k in range(len(spec.runs))]
        target = build.arg("y", build.handle(spec.dtype))
        inputs = [
            build.decl_buffer((spec.outer * run,), spec.dtype, data=pointer)
            for run, pointer in zip(spec.runs, pointers, strict=True)
        ]
        output = build.decl_buffer((spec.outer * total,), spec.dtype, data=target)
        with build.serial(spec.outer) as o:
            IRBuilder.name("o", o)
            for run, start, x in zip(spec.runs, starts, inputs, strict=False):
                build.evaluate(copy(output[o * total + start], x[o * run], run, spec.dtype))
    return builder.get()


def implement_concat(network: Network, operator: Operator) -> Implementation:
    """A concatenation.

    Raises:
        ModelError: an input's quantization is not the output's; TFLM refuses that too.
    """
    attributes = operator.attributes
    assert isinstance(attributes, Concat)
    inputs, y = network.input_tensors(operator), network.output_tensors(operator)[0]
    for x in inputs:
        if x.quantization != y.quantization:
            raise ModelError(
                f"input {x.name!r} and the output of a concatenation are quantized differently",
                where=f"layer {operator.name} ({operator.source})",
                hint="quantize the model again with one scale for the inputs of a concatenation",
            )
    runs = tuple(math.prod(x.shape[attributes.axis :]) for x in inputs)
    spec = ConcatSpecification(math.prod(y.shape[: attributes.axis]), runs, y.dtype)
    arguments = (*(read(x, f"x{k}") for k, x in enumerate(inputs)), Output(y.name))
    overlaps = tuple(
        Overlap(written=len(inputs), read=k, distances=spec.distances(k))
        for k, x in enumerate(inputs)
        if x.data is None
    )
    return Implementation(spec, lambda: build_concat(spec), arguments, overlaps=overlaps)
