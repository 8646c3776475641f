# SPDX-License-Identifier: Apache-2.0
"""Requantization by two short products equals TFLite's on every accumulator it was proven for, within 32 bits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from quantize.test_thresholds import reference, rules

from tvm_stm32.quantize.split import SplitLayer, split_layer
from tvm_stm32.quantize.thresholds import FixedPoint


def split(v: np.ndarray, found: SplitLayer, channel: int) -> np.ndarray:
    """What the instructions compute."""
    constants = found.layer.channels[channel]
    upper, lower = constants.multiplier >> found.places, constants.multiplier % (1 << found.places)
    assert upper < 1 << 15
    assert lower < 1 << 15
    products = v * upper, v * lower
    addend = np.where(v < 0, constants.negative, constants.addend)
    total = products[0] + (products[1] >> found.places) + addend
    assert all(
        np.all(np.abs(value) < 2**31) for value in (*products, products[0] + (products[1] >> found.places), total)
    )
    return np.clip(total >> constants.shift, -128, 127)


@given(st.lists(rules, min_size=1, max_size=4), st.integers(-128, 127), st.integers(1, 23), st.data())
def test_a_proven_layer_is_exact(channels: list[FixedPoint], zero_point: int, bits: int, data: st.DataObject) -> None:
    ends = st.integers(0, (1 << bits) - 1)
    reach = [(-data.draw(ends), data.draw(ends)) for _ in channels]
    found = split_layer(channels, zero_point, reach)
    if found is None:
        return
    for index, (rule, (low, high)) in enumerate(zip(channels, reach, strict=True)):
        steps = np.array([rule.threshold(output - zero_point) for output in range(-127, 128)])
        v = np.concatenate([steps, steps - 1, np.linspace(low, high, 2000).astype(np.int64), [-1, 0, 1]])
        v = v[(v >= low) & (v <= high)]
        np.testing.assert_array_equal(split(v, found, index), np.clip(reference(v, rule) + zero_point, -128, 127))


def test_usual_layers_have_one_shift() -> None:
    for zero_point in (-128, 4):
        channels = [FixedPoint((1 << 30) + 987654 * i, 8) for i in range(16)]
        found = split_layer(channels, zero_point, [(-(1 << 16), 1 << 16)] * 16)
        assert found is not None
        assert found.layer.shift


def test_channels_far_apart_have_their_own_shifts() -> None:
    found = split_layer(
        [FixedPoint(1 << 30, 4), FixedPoint((1 << 31) - 5, 18)], 0, [(-9000, 9000), (-(1 << 17), 1 << 17)]
    )
    assert found is not None
    assert found.layer.shift == 0
