# SPDX-License-Identifier: Apache-2.0
"""The microkernel of fully connected layers: one row of inputs by all channels, four channels at a time.

Nothing but the type of its inputs and the form of requantization shapes the code, so that few functions serve all
layers of a model.

Stream, in 32-bit words: bytes of a block's weights that the unrolled loop reads, bytes of the rest; constants that are
common to all channels; then blocks of four channels, as in stream.py, without constants if these are common.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.kernels.microkernels.stream import crossed, pack_stream
from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import NarrowLayer

#: groups of four inputs in the body of the unrolled loop, small and fast
UNROLL, LONG = 8, 32


@dataclass(frozen=True, slots=True)
class Dense:
    """widened: inputs are int16, each four in the order 0, 2, 1, 3; otherwise they are int8 as they come.

    common: all channels requantize with the same constants; rest: channels in the last block, if less than four;
    unroll: groups of four inputs in the body of the loop; narrow: there are no channels but one or two in a block.
    """

    widened: bool
    common: bool
    rest: int
    requantization: Requantization
    unroll: int = UNROLL
    narrow: bool = False

    @staticmethod
    def of(widened: bool, layer: NarrowLayer, requantization: Requantization, unroll: int) -> Dense:
        """The microkernel for a layer."""
        common = len(set(layer.channels)) == 1
        form = replace(requantization, shift=layer.channels[0].shift) if common else requantization
        outputs = len(layer.channels)
        return Dense(widened, common, outputs % 4, form, unroll, outputs <= 2)

    @property
    def four_bytes(self) -> int:
        """Bytes of a block's weights of four inputs."""
        return 8 if self.narrow else 16

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        kind = "_narrow" if self.narrow else ""
        kind += ("_widened" if self.widened else "") + ("_common" if self.common else "") + "_"
        rest = f"_{self.rest}" if self.rest else ""
        return f"dense{kind}{self.unroll}_{self.requantization.name}{rest}"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render(
            "dense.c.j2",
            name=self.name,
            widened=self.widened,
            common=self.common,
            rest=self.rest,
            narrow=self.narrow,
            four_bytes=self.four_bytes,
            ctype="int16_t" if self.widened else "int8_t",
            unroll=self.unroll,
            **self.requantization.parameters(),
        )


def pack_dense(
    weights: npt.NDArray[np.int8], biases: tuple[int, ...], layer: NarrowLayer, microkernel: Dense
) -> npt.NDArray[np.int32]:
    """The stream of weights (channels, inputs); inputs are a multiple of four."""
    inputs = weights.shape[1]
    unrolled = inputs // 4 // microkernel.unroll * microkernel.unroll * microkernel.four_bytes
    narrow, form = layer.channels[0], microkernel.requantization
    header = [unrolled, inputs // 4 * microkernel.four_bytes - unrolled]
    if microkernel.common:
        header += [narrow.multiplier, narrow.addend, narrow.negative - narrow.addend][: form.words]
    kinds = not microkernel.common, microkernel.narrow
    blocks = pack_stream(weights[:, None, :], biases, layer, form, crossed(inputs), *kinds)
    return np.concatenate([np.array(header, np.int64).astype(np.int32), blocks])
