# SPDX-License-Identifier: Apache-2.0
"""The microkernel of depthwise convolutions of any kernel size: a band of rows of each channel, four outputs at a time.

It reads planes: a channel's inputs as int16, padding included, two a word. Weights come from the stream of constants,
in pairs: an output that starts in the low half of a word takes the pairs E, one that starts in the high half takes its
first tap alone and then the pairs O. Which word is in which register is planned here; the template prints the plan.

Constants of a channel, in 32-bit words, w being a row of taps along the planes' rows:
    of each row: E0 = (w0, w1), O0 = (w1, w2), E1 = (w2, w3), ...; without O where no output starts in a high half
    bias, multiplier, addend[, what a negative accumulator adds to the addend][, shift]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.depthwise import requantization_words
from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import NarrowLayer

#: outputs computed together
BLOCK = 4
#: immediate offsets of LDR, STRB and ADD
_OFFSET_LIMIT = 4095
#: instructions of a block beyond which the rows of the kernel are a loop
_UNROLLED = 300
_INPUTS = ("r0", "r1", "r2", "r3", "r5")
_ACCUMULATORS = ("r6", "r7", "r8", "r9")
_WEIGHTS = ("r10", "r11")


@dataclass(frozen=True, slots=True)
class Tap:
    """A multiply-accumulate: `operation` of input word `word` of the row and weight word `weight` of the row."""

    output: int
    operation: str
    word: int
    weight: int


@dataclass(frozen=True, slots=True)
class Step:
    """Loads, (register, word) each, and the multiply-accumulates (operation, accumulator, input, weight) after them."""

    inputs: tuple[tuple[str, int], ...]
    weights: tuple[tuple[str, int], ...]
    products: tuple[tuple[str, str, str, str], ...]


def taps_of(output: int, taps: int, stride: int, paired: bool) -> list[Tap]:
    """The products of one output with a row of the kernel; `paired`: there are pairs O."""
    start = output * stride
    word, every = start // 2, 2 if paired else 1
    if start % 2 == 0:
        found = [Tap(output, "smlad", word + k, every * k) for k in range(taps // 2)]
        if taps % 2:
            middle = taps // 2
            alone = ("smlabt", every * middle - 1) if paired and middle else ("smlabb", every * middle)
            found.append(Tap(output, alone[0], word + middle, alone[1]))
        return found
    found = [Tap(output, "smlatb", word, 0)]
    found += [Tap(output, "smlad", word + 1 + k, every * k + 1) for k in range((taps - 1) // 2)]
    if taps % 2 == 0:
        found.append(Tap(output, "smlabt", word + taps // 2, every * (taps // 2 - 1)))
    return found


def plan(outputs: int, taps: int, stride: int, paired: bool) -> list[Step]:
    """The order of loads and products of one row of the kernel."""
    todo = [tap for output in range(outputs) for tap in taps_of(output, taps, stride, paired)]
    todo.sort(key=lambda tap: (tap.weight // 2, tap.word))
    inputs: dict[str, int] = {}  # what the registers hold
    weights: dict[str, int] = {}
    steps = []
    while todo:
        members = _together(todo)
        todo = todo[len(members) :]
        words = sorted({tap.word for tap in members})
        free = sorted((r for r in _INPUTS if inputs.get(r) not in words), key=lambda r: -_next_use(inputs.get(r), todo))
        missing = [word for word in words if word not in inputs.values()]
        loads = tuple(zip(free, missing, strict=False))
        inputs |= dict(loads)
        fresh = {
            _weight_register(tap): tap.weight for tap in members if weights.get(_weight_register(tap)) != tap.weight
        }
        weights |= fresh
        place = {word: register for register, word in inputs.items()}
        products = ((t.operation, _ACCUMULATORS[t.output], place[t.word], _weight_register(t)) for t in members)
        steps.append(Step(loads, tuple(sorted(fresh.items())), tuple(products)))
    return steps


def _together(todo: list[Tap]) -> list[Tap]:
    """The first of the products, as many as the registers allow."""
    words: set[int] = set()
    for count, tap in enumerate(todo):
        words.add(tap.word)
        if tap.weight // 2 != todo[0].weight // 2 or len(words) > len(_INPUTS):
            return todo[:count]
    return todo


def _weight_register(tap: Tap) -> str:
    return _WEIGHTS[tap.weight % 2]


def _next_use(word: int | None, todo: list[Tap]) -> int:
    return next((position for position, tap in enumerate(todo) if tap.word == word), len(todo))


@dataclass(frozen=True, slots=True)
class DepthwiseWindow:
    """Parameters of the microkernel.

    rows, taps: of the kernel, across and along the planes' rows; stride: along them; paired: whether there are pairs O;
    row_step, band_step: bytes of the plane from one row of the kernel, or of the outputs, to the next;
    inner_outputs: along a row; inner_bytes, outer_bytes: between outputs along a row and from row to row; shift: 0 if
    each channel has its own; clamp: least and greatest output where saturation to int8 does not do.
    """

    rows: int
    taps: int
    stride: int
    paired: bool
    row_step: int
    band_step: int
    inner_outputs: int
    inner_bytes: int
    outer_bytes: int
    shift: int
    signed: bool
    clamp: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        form = f"{'n' if self.signed else 'p'}{self.shift}"
        form += f"c{self.clamp[0] + 128}_{self.clamp[1] + 128}" if self.clamp else ""
        shape = f"{self.rows}x{self.taps}_s{self.stride}{'' if self.paired else 'e'}_{self.row_step}_{self.band_step}"
        return f"window_{shape}_{self.inner_outputs}_{self.inner_bytes}_{self.outer_bytes}_{form}"

    @property
    def row_words(self) -> int:
        """Words of weights of a row of the kernel."""
        return max(1, self.taps - 1) if self.paired else -(-self.taps // 2)

    @property
    def channel_words(self) -> int:
        """Words of constants of a channel."""
        return self.rows * self.row_words + 3 + self.signed + (self.shift == 0)

    @property
    def looped(self) -> bool:
        """Whether the rows of the kernel are a loop."""
        steps = plan(min(BLOCK, self.inner_outputs), self.taps, self.stride, self.paired)
        instructions = sum(len(step.inputs) + len(step.weights) + len(step.products) for step in steps)
        return self.rows > 1 and (instructions * self.rows > _UNROLLED or not self._reached(self.rows))

    def _reached(self, rows: int) -> bool:
        """Whether loads reach all inputs and weights of so many rows of the kernel from where they start."""
        inputs = (rows - 1) * self.row_step + 4 * ((BLOCK * self.stride + self.taps) // 2 + 1)
        return max(inputs, 4 * rows * self.row_words) <= _OFFSET_LIMIT

    def possible(self) -> bool:
        """Whether the instructions' immediates suffice."""
        return self._reached(1) and 4 * self.channel_words <= _OFFSET_LIMIT

    def cycles(self, outer: int) -> int:
        """About how many cycles one channel takes for `outer` rows of outputs."""
        blocks, rest = divmod(self.inner_outputs, BLOCK)
        row = blocks * self._block_cycles(BLOCK) + (self._block_cycles(rest) if rest else 0)
        return outer * (row + 15) + 40

    def _block_cycles(self, outputs: int) -> int:
        steps = plan(outputs, self.taps, self.stride, self.paired)
        row = sum(len(step.inputs) + len(step.weights) + 1 + len(step.products) for step in steps)
        finish = (3 + 3 * self.signed + 2 * (self.shift == 0) + 6 * (self.clamp is not None)) * outputs
        return self.rows * (row + 6 * self.looped) + finish + 12

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        rest = self.inner_outputs % BLOCK
        return render(
            "depthwise_window.c.j2",
            name=self.name,
            rows=self.rows,
            taps=self.taps,
            stride=self.stride,
            row_step=self.row_step,
            band_step=self.band_step,
            inner_outputs=self.inner_outputs,
            inner_bytes=self.inner_bytes,
            outer_bytes=self.outer_bytes,
            shift=self.shift,
            signed=self.signed,
            clamp=self.clamp,
            paired=self.paired,
            row_words=self.row_words,
            channel_words=self.channel_words,
            looped=self.looped,
            blocks=self.inner_outputs // BLOCK,
            rest=rest,
            plans={n: plan(n, self.taps, self.stride, self.paired) for n in (BLOCK, rest)},
            accumulators=_ACCUMULATORS,
        )


def pack_windows(
    weights: npt.NDArray[np.int64], biases: npt.NDArray[np.int64], layer: NarrowLayer, kernel: DepthwiseWindow
) -> npt.NDArray[np.int32]:
    """Constants of all channels; weights (channels, rows, taps) and biases are scaled by each channel's scale here."""
    words = []
    every = 1 if kernel.paired else 2
    for rows, bias, narrow in zip(weights.tolist(), biases.tolist(), layer.channels, strict=True):
        for row in rows:
            w = [*(value * narrow.scale for value in row), 0]
            words += [(w[k] & 0xFFFF) | ((w[k + 1] & 0xFFFF) << 16) for k in range(0, every * kernel.row_words, every)]
        words += requantization_words(bias, narrow, layer)
    return (np.array(words, np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
