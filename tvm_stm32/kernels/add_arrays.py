# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Additions of int8 arrays of one shape by a microkernel, where they are proven to be weighted sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.elementwise import ElementwiseSpecification
from tvm_stm32.kernels.elementwise_rules import ProvenSumInt8, implement_add
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.microkernels.weighted_sum import WeightedSumOfArrays
from tvm_stm32.model.network import Network, Operator
from tvm_stm32.quantize.weighted_sum import ShortenedSum, fit_shortened_sum


@dataclass(frozen=True, slots=True)
class AddArraysSpecification:
    """`elements` times `sum`."""

    elements: int
    sum: ShortenedSum

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "add"

    @property
    def microkernel(self) -> WeightedSumOfArrays:
        """What computes it."""
        return WeightedSumOfArrays(self.sum.shift)

    def describe(self) -> str:
        """Size and arithmetic, for the comment above the C function."""
        first, second, addend = self.sum.multiplier_a, self.sum.multiplier_b, self.sum.addend
        return (
            f"add: {self.elements} elements\nint8, ((a * {first} >> 8) + (b * {second} >> 8) + {addend})"
            f" >> {self.sum.shift}, saturated: TFLite's addition, checked for every pair of values"
        )


def build_add_arrays(spec: AddArraysSpecification) -> Any:
    """The TIR function of `spec`: (a, b, y)."""
    elements, name, terms = spec.elements, spec.microkernel.name, spec.sum

    @T.prim_func(s_tir=True)
    def add(a: T.handle("int8"), b: T.handle("int8"), y: T.handle("int8")):
        A = T.decl_buffer((elements,), "int8", data=a)
        B = T.decl_buffer((elements,), "int8", data=b)
        Y = T.decl_buffer((elements,), "int8", data=y)
        T.evaluate(
            T.call_extern(
                "void",
                name,
                T.address_of(A[0]),
                T.address_of(B[0]),
                T.address_of(Y[0]),
                elements,
                terms.multiplier_a,
                terms.multiplier_b,
                terms.addend,
            )
        )

    return add


def implement_add_arrays(network: Network, operator: Operator) -> Implementation | None:
    """The kernel of an int8 addition by TFLite's rule, or None.

    It does not apply where an operand is repeated, where a clamp binds, or where no sum is proven.
    """
    plain = implement_add(network, operator)
    assert isinstance(plain.specification, ElementwiseSpecification)
    rule, loops = plain.specification.rule, plain.specification.loops
    if not isinstance(rule, ProvenSumInt8) or rule.bounds != (-128, 127) or len(set(loops.strides)) > 1:
        return None
    scale = 2.0**-rule.sum.shift
    expected = np.clip(rule.sum.table(), -128, 127)
    shortened = fit_shortened_sum(rule.sum.multiplier_a * scale, rule.sum.multiplier_b * scale, expected)
    if shortened is None:
        return None
    spec = AddArraysSpecification(loops.elements, shortened)
    return replace(plain, specification=spec, build=lambda: build_add_arrays(spec), microkernels=(spec.microkernel,))
