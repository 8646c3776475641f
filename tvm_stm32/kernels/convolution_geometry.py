# SPDX-License-Identifier: Apache-2.0
"""Window arithmetic shared by the convolution and pooling kernels, as TIR expressions."""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T


def first_tap(origin: Any, dilation: int, padded: bool) -> Any:
    """The first kernel tap that reads inside the input, for a window that starts at `origin` (may be negative)."""
    if not padded:
        return 0
    if dilation == 1:
        return T.max(0, -origin)
    return T.max(0, T.floordiv(dilation - 1 - origin, dilation))


def last_tap(origin: Any, dilation: int, kernel: int, size: int, padded: bool) -> Any:
    """One past the last kernel tap that reads inside an input of `size`."""
    if not padded:
        return kernel
    if dilation == 1:
        return T.min(kernel, size - origin)
    return T.min(kernel, T.floordiv(size - origin + dilation - 1, dilation))


def reads_padding(size: int, output: int, kernel: int, stride: int, dilation: int, before: int) -> bool:
    """Whether any window along one axis reaches outside the input."""
    return before > 0 or (output - 1) * stride - before + (kernel - 1) * dilation >= size
