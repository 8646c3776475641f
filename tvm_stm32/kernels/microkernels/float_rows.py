# SPDX-License-Identifier: Apache-2.0
"""The microkernels of float32 convolutions: a run of pixels by all output channels, four pixels by four at a time.

For each value of four pixels and the four weights that belong to it, eight loads serve sixteen products; the sums stay
in the FPU's registers. Each sum starts from its bias, and adds products in the order of the weights. It knows no shape:
one function serves all layers of a model that clamp alike. That of depthwise convolutions reads four channels of each
row, which here is a position of the kernel, up to three of them beyond the last channel.

Weights: per block of four output channels (padded with zeros) four biases, then four weights for each value of a row.
Shape, in words: rows that a pixel reads, values of a row, bytes from one pixel's values to the next's, bytes between
outputs, output channels, pixels, and the bits of the least and of the greatest output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.template import render

#: output channels and pixels computed together
BLOCK = 4


@dataclass(frozen=True, slots=True)
class FloatRows:
    """low, high: whether outputs have a least or a greatest value; fused: whether one instruction multiplies and adds,
    rounding once; depthwise: whether each output channel reads one of the input.
    """

    low: bool
    high: bool
    fused: bool
    depthwise: bool = False

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        kind = ("_low" if self.low else "") + ("_high" if self.high else "") + ("_fused" if self.fused else "")
        return f"float_{'depthwise' if self.depthwise else 'rows'}{kind}"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        flags = {"low": self.low, "high": self.high, "fused": self.fused, "depthwise": self.depthwise}
        return render("float_rows.c.j2", name=self.name, **flags)


def pack_floats(weights: npt.NDArray[np.float32], biases: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The microkernel's weights, of weights (channels, values of all rows)."""
    rest = -len(weights) % BLOCK
    columns = np.pad(np.column_stack([biases, weights]), ((0, rest), (0, 0)))
    packed: npt.NDArray[np.float32] = columns.reshape(-1, BLOCK, columns.shape[1]).swapaxes(1, 2).ravel()
    return packed.astype(np.float32)
