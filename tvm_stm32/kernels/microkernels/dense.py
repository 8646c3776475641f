# SPDX-License-Identifier: Apache-2.0
"""The microkernel of fully connected layers: one row of inputs by all channels, four channels at a time.

Nothing but the type of its inputs shapes the code, so one function serves every layer of a model. Two channels share a
16-bit lane as in the rows microkernel.

Stream, in 32-bit words:
    bytes of a block's weights that the unrolled loop reads, bytes of the rest, shift
    with constants common to all channels: multiplier, addend, what a negative accumulator adds to the addend
    per block of four channels A to D (padded with zeros):
        biases: A, 256 B + A, C, 256 D + C
        per four inputs: lanes of inputs 0 and 2 (A, B), (C, D), then of inputs 1 and 3
        otherwise per channel: multiplier, addend, what a negative accumulator adds to the addend
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.rows import pack_blocks
from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import NarrowLayer

#: groups of four inputs in the body of the unrolled loop
UNROLL = 8
_BYTES_OF_FOUR = 16


@dataclass(frozen=True, slots=True)
class Dense:
    """widened: inputs are int16, each four in the order 0, 2, 1, 3; otherwise they are int8 as they come.

    common: all channels requantize with the same constants.
    """

    widened: bool
    common: bool

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return "dense" + ("_widened" if self.widened else "") + ("_common" if self.common else "")

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        ctype = "int16_t" if self.widened else "int8_t"
        return render(
            "dense.c.j2", name=self.name, widened=self.widened, common=self.common, ctype=ctype, unroll=UNROLL
        )


def pack_dense(weights: npt.NDArray[np.int8], biases: tuple[int, ...], layer: NarrowLayer) -> npt.NDArray[np.int32]:
    """The stream of weights (channels, inputs); inputs are a multiple of four."""
    inputs = weights.shape[1]
    order = np.arange(inputs).reshape(-1, 2, 2).swapaxes(1, 2).reshape(-1, 2)
    unrolled = inputs // 4 // UNROLL * UNROLL * _BYTES_OF_FOUR
    header = [unrolled, inputs // 4 * _BYTES_OF_FOUR - unrolled, layer.shift]
    if is_common(layer):
        narrow = layer.channels[0]
        header += [narrow.multiplier, narrow.addend, narrow.negative - narrow.addend]
    words = 0 if is_common(layer) else 3
    blocks = pack_blocks(weights[:, None, :], biases, layer, order, words)
    return np.concatenate([np.array(header, np.int64).astype(np.int32), blocks])


def is_common(layer: NarrowLayer) -> bool:
    """Whether all channels have the same constants."""
    return len(set(layer.channels)) == 1
