# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Two operands, element by element, with NumPy's broadcasting: one flat loop wherever the shapes allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Implementation, Output, read
from tvm_stm32.kernels.loop_nest import LoopNest, broadcast, contiguous, offset
from tvm_stm32.kernels.overlap import Overlap, element_by_element
from tvm_stm32.model.network import Network, Operator, Tensor

#: elements computed in one turn of the innermost loop
BLOCK = 4


class ElementwiseRule(Protocol):
    """What is computed. Equal rules compute the same."""

    @property
    def family(self) -> str:
        """Such as "add"."""

    @property
    def dtype(self) -> str:
        """Type of the operands and of the result."""

    def describe(self) -> str:
        """The arithmetic, for the comment above the C function."""

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ElementwiseSpecification:
    """`loops` steps through a, b and y."""

    rule: ElementwiseRule
    loops: LoopNest

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return self.rule.family

    def describe(self) -> str:
        """Loops and arithmetic, for the comment above the C function."""
        shape = f"{self.loops.describe()} elements"
        for name, strides in zip("ab", self.loops.strides, strict=False):
            if strides != self.loops.strides[2]:
                shape += f", {name} repeated with strides {list(strides)}"
        return f"{self.family}: {shape}\n{self.rule.describe()}"


def build_elementwise(spec: ElementwiseSpecification) -> Any:
    """The TIR function of `spec`: (a, b, y)."""
    rule, loops, dtype = spec.rule, spec.loops, spec.rule.dtype
    step_a, step_b, step_y = loops.strides
    *outer, inner = loops.extents
    blocks, rest = divmod(inner, BLOCK)

    @T.prim_func(s_tir=True)
    def elementwise(a: T.handle(dtype), b: T.handle(dtype), y: T.handle(dtype)):
        A = T.decl_buffer((loops.span(0),), dtype, data=a)
        B = T.decl_buffer((loops.span(1),), dtype, data=b)
        Y = T.decl_buffer((loops.elements,), dtype, data=y)

        @T.inline
        def block(i, start, size):
            for j in T.unroll(size):
                Y[offset((*i, start + j), step_y)] = rule.apply(
                    A[offset((*i, start + j), step_a)],
                    B[offset((*i, start + j), step_b)],
                )

        for i in T.grid(*outer):
            for n in T.serial(blocks):
                block(i, n * BLOCK, BLOCK)
            if rest > 0:
                block(i, blocks * BLOCK, rest)

    return elementwise


def implement_elementwise(network: Network, operator: Operator, rule: ElementwiseRule) -> Implementation:
    """The kernel of an operator with inputs (a, b), either of which may be a constant."""
    a, b = network.input_tensors(operator)
    shape = network.output_tensors(operator)[0].shape
    loops = LoopNest.of(shape, broadcast(a.shape, shape), broadcast(b.shape, shape), contiguous(shape))
    spec = ElementwiseSpecification(rule, loops)
    return Implementation(
        specification=spec,
        build=lambda: build_elementwise(spec),
        arguments=(read(a, "a"), read(b, "b"), Output(operator.outputs[0])),
        overlaps=operand_overlaps(loops, a, b, written=2),
    )


def operand_overlaps(loops: LoopNest, a: Tensor, b: Tensor, written: int) -> tuple[Overlap, ...]:
    """The output, at position `written` of the arguments, may overlap the operands that are not repeated."""
    return tuple(
        Overlap(written, position, element_by_element(tensor.elements, 1, 1))
        for position, tensor in enumerate((a, b))
        if tensor.data is None and loops.strides[position] == loops.strides[2]
    )
