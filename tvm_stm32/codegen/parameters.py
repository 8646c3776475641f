# SPDX-License-Identifier: Apache-2.0
"""The layout of ``struct <model>_parameters``, as every C compiler for a 32-bit or 64-bit machine makes it."""

from __future__ import annotations

from collections.abc import Sequence

from tvm_stm32.codegen.compiled_model import Parameter

#: each member starts at a multiple of this, so that kernels may read any of them by words
PARAMETER_ALIGNMENT = 4


def parameter_offsets(parameters: Sequence[Parameter]) -> list[int]:
    """The offset in bytes of each member, and at the end the size of the struct."""
    offsets = [0]
    for parameter in parameters:
        offsets.append(_aligned(offsets[-1] + len(parameter.values)))
    return offsets


def parameter_bytes(parameters: Sequence[Parameter]) -> bytes:
    """The struct as it is in the memory of a little-endian machine."""
    return b"".join(p.values.ljust(_aligned(len(p.values)), b"\0") for p in parameters)


def _aligned(offset: int) -> int:
    return -(-offset // PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT
