# SPDX-License-Identifier: Apache-2.0
"""Requantization for cores that multiply 32 bits to 32, proven equal to the model's rounding as in `thresholds`.

The candidate is ``clamp((floor(v * multiplier / 2^places) + addend) >> shift)``, with the multiplier in two parts:
``floor(v * multiplier / 2^places) = v * (multiplier >> places) + (v * (multiplier mod 2^places) >> places)``. It is
exact, and never leaves 32 bits where v and the parts have few bits enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tvm_stm32.quantize.thresholds import Channel, Narrow, NarrowLayer, Steps

#: bits of either part: both share a word
_MOST_BITS = 15
#: how many bits less than possible are tried
_SHIFTS = 10


@dataclass(frozen=True, slots=True)
class SplitLayer:
    """`layer` has the multipliers; their lower parts have `places` bits."""

    places: int
    layer: NarrowLayer


@dataclass(frozen=True)
class _Split(Channel):
    """A channel whose only scale, 2^(32 - places), makes the high word the wanted quotient."""

    def fits(self, scale: int, multiplier: int, addends: tuple[int, int]) -> bool:
        """Whether 32 bits hold the products, the quotient and the sum."""
        largest, upper = max(abs(v) for v in self.reach), multiplier * scale >> 32
        quotients = [(v * multiplier * scale) >> 32 for v in self.reach]
        sums = [quotient + addend for quotient in quotients for addend in addends]
        short = upper < 1 << _MOST_BITS and largest * upper < 1 << 30
        return short and all(-(1 << 31) <= value < 1 << 31 for value in sums)


def split_layer(
    rules: Sequence[Steps], zero_point: int, reach: Sequence[tuple[int, int]], clamp: tuple[int, int] = (-128, 127)
) -> SplitLayer | None:
    """The split form of a layer with int8 output; arguments as of `narrow_layer`.

    Returns:
        One with one shift for all channels, else with a shift and two addends for each; None without a proof.
    """
    bits = max((max(-low, high) for low, high in reach), default=0).bit_length()
    places = min(31 - bits, _MOST_BITS)
    if places < 1:
        return None
    channels = [
        _Split(rule, [1 << (32 - places)], bounds, zero_point, clamp) for rule, bounds in zip(rules, reach, strict=True)
    ]
    for signed in (False, True):
        for shift in _shifts(channels, bits):
            found = _with_shift(channels, shift, signed)
            if found is not None:
                return SplitLayer(places, NarrowLayer(shift, signed, found))
    own: list[Narrow] = []
    for channel in channels:
        forms = (channel.narrow(shift, signed=True) for shift in _shifts([channel], bits))
        narrow = next((form for form in forms if form is not None), None)
        if narrow is None:
            return None
        own.append(narrow)
    return SplitLayer(places, NarrowLayer(0, True, tuple(own)))


def _with_shift(channels: Sequence[Channel], shift: int, signed: bool) -> tuple[Narrow, ...] | None:
    found = []
    for channel in channels:
        narrow = channel.narrow(shift, signed)
        if narrow is None:
            return None
        found.append(narrow)
    return tuple(found)


def _shifts(channels: Sequence[Channel], bits: int) -> Sequence[int]:
    """Shifts under which every channel's upper part fits beside accumulators of `bits` bits, the most exact first."""
    exponents = [channel.rule.exponent for channel in channels if channel.only is None]
    most = min(min(exponents, default=1) + min(30 - bits, _MOST_BITS), 31)
    return range(most, max(most - _SHIFTS, 0), -1)
