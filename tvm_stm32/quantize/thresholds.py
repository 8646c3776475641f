# SPDX-License-Identifier: Apache-2.0
"""Requantization in two instructions, proven equal to TFLite's for every accumulator.

TFLite's output is a step function of the accumulator: it never falls, and it has at most 255 steps. Any other function
that never falls and agrees at each step and just before it is equal everywhere. That is 255 comparisons, done here at
compile time with unbounded integers.

The candidate is ``ssat8((high32(scale * v * multiplier) + addend) >> shift)``: one SMMLA and one SSAT on Armv7E-M, with
one shift for the whole layer. Where a single addend cannot serve both signs (TFLite rounds halves away from zero), one
for v >= 0 and one for v < 0 always can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: how far a channel's multiplier may be moved from its shifted value in search of a proof
_NEIGHBOURHOOD = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8)
_UNBOUNDED = 1 << 62


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """TFLite's ``round(round(v * multiplier / 2^31) / 2^exponent) + zero_point``, as a channel needs it."""

    multiplier: int
    exponent: int  # >= 0


@dataclass(frozen=True, slots=True)
class Narrow:
    """``(high32(scale * v * multiplier) + addend) >> shift`` with `negative` as the addend where v < 0."""

    scale: int
    multiplier: int
    addend: int
    negative: int


@dataclass(frozen=True, slots=True)
class NarrowLayer:
    """One shift for all channels; `signed` says whether any channel needs its second addend."""

    shift: int
    signed: bool
    channels: tuple[Narrow, ...]


def threshold(rule: FixedPoint, step: int) -> int:
    """The smallest accumulator that TFLite rounds to at least `step` (zero point not counted)."""
    middle = step << rule.exponent
    if rule.exponent:
        middle -= 1 << (rule.exponent - 1)
        middle += middle < 0  # halves below zero round away from it
    return -((-((middle << 31) - (1 << 30))) // rule.multiplier)


def narrow_layer(
    rules: Sequence[FixedPoint], zero_point: int, scales: Sequence[Sequence[int]], reach: Sequence[tuple[int, int]]
) -> NarrowLayer | None:
    """The narrow form of a layer with int8 output that is clamped by saturation only.

    Args:
        rules: TFLite's rule of each channel.
        zero_point: of the output.
        scales: for each channel the powers of two by which its accumulators may be larger than v, best first.
        reach: least and greatest v of each channel, from its weights and bias.

    Returns:
        None if there is no shift for which every channel has a proof.
    """
    for signed in (False, True):
        for shift in _shifts(rules, scales):
            channels = []
            for rule, choices, bounds in zip(rules, scales, reach, strict=True):
                found = (_narrow(rule, zero_point, scale, shift, bounds, signed) for scale in choices)
                narrow = next((form for form in found if form is not None), None)
                if narrow is None:
                    break
                channels.append(narrow)
            else:
                return NarrowLayer(shift, signed, tuple(channels))
    return None


def _shifts(rules: Sequence[FixedPoint], scales: Sequence[Sequence[int]]) -> Iterator[int]:
    """Shifts under which some channel's multiplier keeps all of its bits, the most exact first."""
    exponents = [
        rule.exponent + scale.bit_length() - 2
        for rule, choices in zip(rules, scales, strict=True)
        for scale in choices
        if rule.multiplier
    ]
    low, high = min(exponents, default=1), max(exponents, default=1)
    return (shift for shift in range(low, high + 1) if 1 <= shift <= 31)


def _narrow(
    rule: FixedPoint, zero_point: int, scale: int, shift: int, reach: tuple[int, int], signed: bool
) -> Narrow | None:
    lost = rule.exponent + scale.bit_length() - 2 - shift if rule.multiplier else 0
    if lost < 0:
        return None
    for offset in _NEIGHBOURHOOD if lost else (0,):
        multiplier = (rule.multiplier >> lost) + offset
        if multiplier < 0:
            continue
        candidate = _Candidate(rule, zero_point, scale, shift, multiplier)
        positive = candidate.addends(max(reach[0], 0), reach[1])
        negative = candidate.addends(reach[0], min(reach[1], -1))
        if positive[0] > positive[1] or negative[0] > negative[1]:
            continue
        common = (max(positive[0], negative[0]), min(positive[1], negative[1]))
        if common[0] <= common[1]:
            pair = (candidate.nearest(common),) * 2
        elif signed:
            pair = (candidate.nearest(positive), candidate.nearest(negative))
        else:
            continue
        if candidate.fits(reach, pair):
            return Narrow(scale, multiplier, *pair)
    return None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A multiplier that is to serve one channel."""

    rule: FixedPoint
    zero_point: int
    scale: int
    shift: int
    multiplier: int

    def high(self, v: int) -> int:
        """What SMMLA adds to the addend."""
        return (v * self.scale * self.multiplier) >> 32

    def addends(self, first: int, last: int) -> tuple[int, int]:
        """Least and greatest addend that is right for every v from `first` to `last`; none: least > greatest."""
        low, high = -_UNBOUNDED, _UNBOUNDED
        if first > last:
            return low, high
        for output in range(-127, 128):
            target = output << self.shift
            v = self._threshold(output)
            if v <= last:  # the output is reached, at the latest there
                low = max(low, target - self.high(max(v, first)))
            if v > first:  # just before it is not
                high = min(high, target - 1 - self.high(min(v - 1, last)))
        return low, high

    def nearest(self, interval: tuple[int, int]) -> int:
        """The addend of an interval that is nearest to the zero point's own."""
        return min(max(self.zero_point << self.shift, interval[0]), interval[1])

    def fits(self, reach: tuple[int, int], addends: tuple[int, int]) -> bool:
        """Whether 32 bits hold the scaled accumulator and the sum."""
        return all(
            -(2**31) <= value < 2**31
            for v in reach
            for value in (v * self.scale, *(self.high(v) + addend for addend in addends), *addends)
        )

    def _threshold(self, output: int) -> int:
        if self.rule.multiplier == 0:
            return _UNBOUNDED if output > self.zero_point else -_UNBOUNDED
        return threshold(self.rule, output - self.zero_point)
