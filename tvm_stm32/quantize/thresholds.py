# SPDX-License-Identifier: Apache-2.0
"""Requantization in two instructions, proven equal to the model's rounding for every accumulator.

A quantized output is a step function of the accumulator: it never falls, and it has at most 255 steps. Any other
function that never falls and agrees at each step and just before it is equal everywhere. That is 255 comparisons, done
here at compile time.

The candidate is ``ssat8((high32(scale * v * multiplier) + addend) >> shift)``: one SMMLA and one SSAT on Armv7E-M, with
one shift for the whole layer. Where a single addend cannot serve both signs (TFLite rounds halves away from zero), one
for v >= 0 and one for v < 0 mostly can. With a shift for each channel there is a proof for nearly every rule: where
scale is at least 4 and nothing leaves 32 bits, the rule's own multiplier is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

#: how far a channel's multiplier may be moved from its shifted value in search of a proof
_NEIGHBOURHOOD = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8)
_UNBOUNDED = 1 << 62


class Steps(Protocol):
    """A rounding rule: about ``v * multiplier / 2^(31 + exponent)``, without the zero point."""

    @property
    def multiplier(self) -> int:
        """0, or from 2^30 to 2^31 - 1."""

    @property
    def exponent(self) -> int:
        """How far to the right."""

    def threshold(self, step: int) -> int:
        """The smallest accumulator that is rounded to at least `step`."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """TFLite's ``round(round(v * multiplier / 2^31) / 2^exponent)``, halves up first, then away from zero.

    Where the exponent is negative, v is shifted to the left first, and 32 bits must hold that.
    """

    multiplier: int
    exponent: int

    def threshold(self, step: int) -> int:
        """The smallest accumulator that is rounded to at least `step`."""
        if not self.multiplier:  # a scale too small for 31 bits: everything is rounded to 0
            return Constant(0).threshold(step)
        if self.exponent < 0:
            return -(-((step << 31) - (1 << 30)) // (self.multiplier << -self.exponent))
        middle = step << self.exponent
        if self.exponent:
            middle -= 1 << (self.exponent - 1)
            middle += middle < 0  # halves below zero round away from it
        return -((-((middle << 31) - (1 << 30))) // self.multiplier)


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every accumulator."""

    value: int
    multiplier: int = 0
    exponent: int = 0

    def threshold(self, step: int) -> int:
        """Either every accumulator reaches `step`, or none."""
        return -_UNBOUNDED if step <= self.value else _UNBOUNDED


@dataclass(frozen=True, slots=True)
class Delayed:
    """`rule` for accumulators from which `offset` was subtracted."""

    rule: Steps
    offset: int

    @property
    def multiplier(self) -> int:
        """As of `rule`."""
        return self.rule.multiplier

    @property
    def exponent(self) -> int:
        """As of `rule`."""
        return self.rule.exponent

    def threshold(self, step: int) -> int:
        """The smallest remaining accumulator that is rounded to at least `step`."""
        return self.rule.threshold(step) - self.offset


@dataclass(frozen=True, slots=True)
class Narrow:
    """``(high32(scale * v * multiplier) + addend) >> shift`` with `negative` as the addend where v < 0."""

    scale: int
    multiplier: int
    addend: int
    negative: int
    shift: int


@dataclass(frozen=True, slots=True)
class NarrowLayer:
    """`shift` is that of all channels, 0 if each has its own; `signed`: whether any channel needs its second addend."""

    shift: int
    signed: bool
    channels: tuple[Narrow, ...]


def narrow_layer(
    rules: Sequence[Steps],
    zero_point: int,
    scales: Sequence[Sequence[int]],
    reach: Sequence[tuple[int, int]],
    clamp: tuple[int, int] = (-128, 127),
) -> NarrowLayer | None:
    """The narrow form of a layer with int8 output, with one shift for all channels.

    Args:
        rules: the rounding rule of each channel.
        zero_point: of the output.
        scales: for each channel the factors by which its accumulators may be larger than v, best first.
        reach: least and greatest v of each channel, from its weights and bias.
        clamp: least and greatest output, to which the result is clamped afterwards; what it hides needs no proof.

    Returns:
        None if there is no shift for which every channel has a proof.
    """
    if len(set(rules)) == 1:  # one proof for the widest reach, and one set of constants
        widest = (min(low for low, _ in reach), max(high for _, high in reach))
        common = [scale for scale in scales[0] if all(scale in choices for choices in scales)]
        layer = _prove([Channel(rules[0], common, widest, zero_point, clamp)])
        if layer is not None:
            return NarrowLayer(layer.shift, layer.signed, layer.channels * len(rules))
    return _prove([Channel(*channel, zero_point, clamp) for channel in zip(rules, scales, reach, strict=True)])


def general_layer(
    rules: Sequence[Steps],
    zero_point: int,
    scales: Sequence[Sequence[int]],
    reach: Sequence[tuple[int, int]],
    clamp: tuple[int, int] = (-128, 127),
) -> NarrowLayer | None:
    """The narrow form with a shift and two addends for each channel; arguments as of `narrow_layer`."""
    found = []
    for rule in zip(rules, scales, reach, strict=True):
        channel = Channel(*rule, zero_point, clamp)
        forms = (channel.narrow(shift, signed=True) for shift in reversed(list(_shifts([channel], lost=16))))
        narrow = next((form for form in forms if form is not None), None)
        if narrow is None:
            return None
        found.append(narrow)
    return NarrowLayer(0, True, tuple(found))


def _prove(channels: Sequence[Channel]) -> NarrowLayer | None:
    """The first shift, of the plain forms first, for which every channel has constants."""
    for signed in (False, True):
        for shift in _common_shifts(channels):
            found = []
            for channel in channels:
                narrow = channel.narrow(shift, signed)
                if narrow is None:
                    break
                found.append(narrow)
            else:
                return NarrowLayer(shift, signed, tuple(found))
    return None


@dataclass(frozen=True)
class Channel:
    """One channel of the layer, its thresholds computed once."""

    rule: Steps
    scales: Sequence[int]
    reach: tuple[int, int]
    zero_point: int
    clamp: tuple[int, int]

    @cached_property
    def outputs(self) -> npt.NDArray[np.int64]:
        """All but the least of the outputs that the clamp leaves apart."""
        return np.arange(max(self.clamp[0], -128) + 1, min(self.clamp[1], 127) + 1, dtype=np.int64)

    @cached_property
    def thresholds(self) -> npt.NDArray[np.int64]:
        """Where the outputs begin, no further out than one beyond the reach."""
        low, high = self.reach
        steps = (self.rule.threshold(output - self.zero_point) for output in self.outputs.tolist())
        return np.array([min(max(step, low), high + 1) for step in steps], np.int64)

    @cached_property
    def only(self) -> int | None:
        """The one output of all that the reach allows, if there is no other."""
        low, high = self.reach
        if any(low < step <= high for step in self.thresholds.tolist()):
            return None
        return max(self.clamp[0], -128) + int((self.thresholds <= low).sum())

    def narrow(self, shift: int, signed: bool) -> Narrow | None:
        """The constants for a shift, or None."""
        if self.only is not None and self.scales:
            addend = self.only << shift
            return Narrow(self.scales[0], 0, addend, addend, shift) if -(1 << 31) <= addend < 1 << 31 else None
        forms = (self._scaled(scale, shift, signed) for scale in self.scales)
        return next((form for form in forms if form is not None), None)

    def _scaled(self, scale: int, shift: int, signed: bool) -> Narrow | None:
        exponent = self.rule.exponent
        nearest = (self.rule.multiplier << shift + 1 + max(-exponent, 0)) // (scale << max(exponent, 0))
        for offset in _NEIGHBOURHOOD if nearest != self.rule.multiplier else (0,):
            multiplier = nearest + offset
            if not 0 <= multiplier < 1 << 31:
                continue
            positive = self._addends(max(self.reach[0], 0), self.reach[1], scale, shift, multiplier)
            negative = self._addends(self.reach[0], min(self.reach[1], -1), scale, shift, multiplier)
            if positive[0] > positive[1] or negative[0] > negative[1]:
                continue
            both = (max(positive[0], negative[0]), min(positive[1], negative[1]))
            if both[0] > both[1] and not signed:
                continue
            sides = (both, both) if both[0] <= both[1] else (positive, negative)
            addend, below = (min(max(self.zero_point << shift, low), high) for low, high in sides)
            if self.fits(scale, multiplier, (addend, below)):
                return Narrow(scale, multiplier, addend, below, shift)
        return None

    def _addends(self, first: int, last: int, scale: int, shift: int, multiplier: int) -> tuple[int, int]:
        """Least and greatest addend that is right for every v from `first` to `last`; none: least > greatest."""
        if first > last:
            return -_UNBOUNDED, _UNBOUNDED
        targets = self.outputs << shift
        v = np.clip(self.thresholds, first, last + 1)
        reached, begun = v <= last, v > first
        at = targets - ((np.minimum(v, last) * (scale * multiplier)) >> 32)
        before = targets - 1 - (((v - 1) * (scale * multiplier)) >> 32)
        low = int(at[reached].max()) if reached.any() else -_UNBOUNDED
        high = int(before[begun].min()) if begun.any() else _UNBOUNDED
        return low, high

    def fits(self, scale: int, multiplier: int, addends: tuple[int, int]) -> bool:
        """Whether 32 bits hold the scaled accumulator and the sum."""
        highs = [(v * scale * multiplier) >> 32 for v in self.reach]
        values = [*(v * scale for v in self.reach), *addends, *(h + addend for h in highs for addend in addends)]
        return all(-(2**31) <= value < 2**31 for value in values)


def _common_shifts(channels: Sequence[Channel]) -> Iterator[int]:
    """Shifts for all channels: first one that other layers may have too, then the others.

    A multiple of four costs up to three bits of the multipliers, which mostly can be spared; layers with equal shifts
    share code.
    """
    varying = [channel for channel in channels if channel.only is None]
    most = min((max(_shifts([channel], lost=0), default=0) for channel in varying), default=4)
    yield from (shift for shift in dict.fromkeys((most & ~3, *_shifts(varying, lost=0))) if shift)


def _shifts(channels: Sequence[Channel], lost: int) -> Iterator[int]:
    """Shifts under which some channel's multiplier keeps its bits but `lost` ones, the least first."""
    exponents = [
        channel.rule.exponent + scale.bit_length() - 2
        for channel in channels
        for scale in channel.scales
        if channel.rule.multiplier
    ]
    low, high = min(exponents, default=1), max(exponents, default=1)
    return (shift for shift in range(low - lost, high + 1) if 1 <= shift <= 31)
