# SPDX-License-Identifier: Apache-2.0
"""What a kernel family answers when asked to implement one operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.overlap import Overlap
from tvm_stm32.model.network import Tensor


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor that the kernel reads."""

    tensor: str


@dataclass(frozen=True, slots=True)
class Output:
    """A tensor that the kernel writes."""

    tensor: str


@dataclass(frozen=True, slots=True)
class Constant:
    """An array of the model's parameters, in the order in which the kernel's loops read it.

    `role` names it within its layer ("weights", "bias", "multipliers"); `layout` is a line for the reader of the C.
    """

    role: str
    values: npt.NDArray[Any]
    layout: str


@dataclass(frozen=True, slots=True)
class Scratch:
    """Working memory of `size` bytes, valid during the call only."""

    size: int


Argument = Input | Output | Constant | Scratch


class Microkernel(Protocol):
    """A C function that a kernel's innermost loop calls; `name` tells every parameter."""

    @property
    def name(self) -> str:
        """Its C name."""

    def render(self) -> str:
        """Its C text."""


class Specification(Protocol):
    """Everything that shapes a kernel's code. Equal specifications share one C function."""

    @property
    def family(self) -> str:
        """The name of the kernel family, e.g. "conv2d"; part of the C function's name."""

    def describe(self) -> str:
        """What the function computes, shapes and layouts, for the comment above it."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Implementation:
    """A kernel for one operator. `build` makes the TIR function, whose parameters are `arguments`, in order.

    `overlaps` says which outputs and scratch may be put over which inputs, if nobody needs those after the call;
    `rounding` how sums become integers, for the manifest, of kernels that requantize accumulators. `alternatives` are
    slower ones for the same arguments, of which the last microkernel serves more shapes or is smaller; `code_bytes` is
    about what that of this one takes.
    """

    specification: Specification
    build: Callable[[], Any]
    arguments: tuple[Argument, ...]
    macs: int = 0
    microkernels: tuple[Microkernel, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    rounding: str = ""
    alternatives: tuple[Implementation, ...] = ()
    code_bytes: int = 0

    def with_outputs_apart(self) -> Implementation:
        """The same, for whoever may not count on its order of access: outputs are put over no input; scratch may be."""
        scratch = (overlap for overlap in self.overlaps if isinstance(self.arguments[overlap.written], Scratch))
        return replace(self, overlaps=tuple(scratch))


def read(tensor: Tensor, role: str) -> Input | Constant:
    """The argument for an operand that may be a constant of the model."""
    if tensor.data is None:
        return Input(tensor.name)
    return Constant(role, tensor.data, f"{list(tensor.shape)}")


def int32(values: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """An int32 array of `values`.

    Raises:
        OverflowError: a value does not fit.
    """
    wide = np.asarray(values, dtype=np.int64)
    if wide.size and (wide.min() < -(2**31) or wide.max() >= 2**31):
        raise OverflowError("a constant does not fit 32 bits")
    return wide.astype(np.int32)
