# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Addition and multiplication of int8: in integers where that is proven for all 65,536 pairs, else in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.elementwise import implement_elementwise, operand_overlaps
from tvm_stm32.kernels.elementwise_rules import ProvenSumInt8
from tvm_stm32.kernels.implementation import Implementation, Output, read
from tvm_stm32.kernels.loop_nest import LoopNest, broadcast, contiguous, offset
from tvm_stm32.kernels.onnx.quantizer import Quantizer, quantization_of, real, real_values
from tvm_stm32.kernels.requantization import clamp_int
from tvm_stm32.model.network import Add, Mul, Network, Operator
from tvm_stm32.quantize.reals import FixedRounding, dequantize_all, fit_product, quantize_reals
from tvm_stm32.quantize.weighted_sum import fit_weighted_sum

#: what the integer forms equal
PROOF = "the {} in float32, halves to even"


@dataclass(frozen=True, slots=True)
class ProductRule:
    """``((a - zero_point) * (b - zero_point) * multiplier + rounding) >> shift``."""

    fixed: FixedRounding
    zero_points: tuple[int, int]
    bounds: tuple[int, int]
    family: str = "mul"
    dtype: str = "int8"

    def describe(self) -> str:
        """The constants."""
        product = f"(a - {self.zero_points[0]}) * (b - {self.zero_points[1]}) * {self.fixed.multiplier}"
        rule = f"({product} + {self.fixed.rounding}) >> {self.fixed.shift}, clamped to {list(self.bounds)}"
        return f"int8, {rule}: {PROOF.format('product')}, checked for every pair of values"

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""
        product = (T.cast(a, "int32") - self.zero_points[0]) * (T.cast(b, "int32") - self.zero_points[1])
        total = T.cast(product, "int64") * T.int64(self.fixed.multiplier) + T.int64(self.fixed.rounding)
        return clamp_int(T.cast(T.shift_right(total, T.int64(self.fixed.shift)), "int32"), self.bounds, "int8")


@dataclass(frozen=True, slots=True)
class RealPairsSpecification:
    """Two operands through tables of their real values; `loops` steps through a, b and y."""

    family: str
    loops: LoopNest
    quantizer: Quantizer

    def describe(self) -> str:
        """Loops and arithmetic, for the comment above the C function."""
        head = f"{self.family}: {self.loops.describe()} elements, int8, computed in float32"
        return f"{head}\n{self.quantizer.describe()}"


def build_real_pairs(spec: RealPairsSpecification) -> Any:
    """The TIR function of `spec`: (a, b, reals_a, reals_b, y)."""
    extents = spec.loops.extents
    step_a, step_b, step_y = spec.loops.strides
    size_a, size_b, size_y = (spec.loops.span(array) for array in range(3))
    quantizer, adds = spec.quantizer, spec.family == "add"

    def combine(a: Any, b: Any) -> Any:
        return a + b if adds else a * b

    @T.prim_func(s_tir=True)
    def pairs(
        a: T.handle("int8"),
        b: T.handle("int8"),
        reals_a: T.handle("float32"),
        reals_b: T.handle("float32"),
        y: T.handle("int8"),
    ):
        A = T.decl_buffer((size_a,), "int8", data=a)
        B = T.decl_buffer((size_b,), "int8", data=b)
        RA = T.decl_buffer((256,), "float32", data=reals_a)
        RB = T.decl_buffer((256,), "float32", data=reals_b)
        Y = T.decl_buffer((size_y,), "int8", data=y)
        for i in T.grid(*extents):
            Y[offset(i, step_y)] = quantizer.apply(
                combine(real(RA, A[offset(i, step_a)]), real(RB, B[offset(i, step_b)]))
            )

    return pairs


def implement_pairs(network: Network, operator: Operator) -> Implementation:
    """An addition or multiplication of int8."""
    attributes = operator.attributes
    assert isinstance(attributes, Add | Mul)
    a, b = network.input_tensors(operator)
    y = network.output_tensors(operator)[0]
    qa, qb, qy = quantization_of(a), quantization_of(b), quantization_of(y)
    quantizer = Quantizer.of(y, attributes.activation)
    bounds = (quantizer.low, quantizer.high)
    real_a, real_b = dequantize_all(qa)[:, None], dequantize_all(qb)[None, :]
    if isinstance(attributes, Add):
        expected = np.clip(quantize_reals(real_a + real_b, qy), *bounds)
        plane = fit_weighted_sum(qa.scale / qy.scale, qb.scale / qy.scale, expected, bounds)
        if plane is not None:
            return implement_elementwise(network, operator, ProvenSumInt8(plane, bounds, PROOF.format("sum")))
    else:
        fixed = fit_product(qa, qb, qy, quantize_reals(real_a * real_b, qy))
        if fixed is not None:
            rule = ProductRule(fixed, (qa.zero_point, qb.zero_point), bounds)
            return implement_elementwise(network, operator, rule)
    loops = LoopNest.of(y.shape, broadcast(a.shape, y.shape), broadcast(b.shape, y.shape), contiguous(y.shape))
    spec = RealPairsSpecification("add" if isinstance(attributes, Add) else "mul", loops, quantizer)
    return Implementation(
        specification=spec,
        build=lambda: build_real_pairs(spec),
        arguments=(
            read(a, "a"),
            read(b, "b"),
            real_values(a, "reals_a"),
            real_values(b, "reals_b"),
            Output(operator.outputs[0]),
        ),
        overlaps=operand_overlaps(loops, a, b, written=4),
    )
