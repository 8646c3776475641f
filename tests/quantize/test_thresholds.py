# SPDX-License-Identifier: Apache-2.0
"""The two-instruction requantization equals TFLite's on every accumulator it was proven for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tvm_stm32.quantize.thresholds import Constant, FixedPoint, NarrowLayer, narrow_layer


def reference(v: np.ndarray, rule: FixedPoint) -> np.ndarray:
    """TFLite's two roundings, in 64 bits."""
    high = (v.astype(np.int64) * rule.multiplier + (1 << 30)) >> 31
    mask = (1 << rule.exponent) - 1
    return (high >> rule.exponent) + ((high & mask) > (mask >> 1) + (high < 0))


def narrow(v: np.ndarray, layer: NarrowLayer, channel: int, scale: int) -> np.ndarray:
    """What the two instructions compute."""
    constants = layer.channels[channel]
    addend = np.where(v < 0, constants.negative, constants.addend)
    total = ((v.astype(np.int64) * scale * constants.multiplier) >> 32) + addend
    assert np.all(np.abs(total) < 2**31)
    return np.clip(total >> layer.shift, -128, 127)


rules = st.builds(FixedPoint, st.integers(1 << 30, (1 << 31) - 1), st.integers(0, 14))


@given(rules, st.integers(-300, 300))
def test_thresholds_are_where_the_step_is(rule: FixedPoint, step: int) -> None:
    v = rule.threshold(step)
    assert reference(np.array([v - 1, v]), rule)[0] < step <= reference(np.array([v]), rule)[0]


@given(st.lists(rules, min_size=1, max_size=4), st.integers(-128, 127), st.sampled_from([1, 2, 64, 256]), st.data())
def test_a_proven_layer_is_exact(channels: list[FixedPoint], zero_point: int, scale: int, data: st.DataObject) -> None:
    limit = (2**31 - 1) // scale // 2
    reach = [
        (-data.draw(st.integers(0, min(limit, 1 << 20))), data.draw(st.integers(0, min(limit, 1 << 20))))
        for _ in channels
    ]
    layer = narrow_layer(channels, zero_point, [[scale]] * len(channels), reach)
    if layer is None:
        return
    for index, (rule, (low, high)) in enumerate(zip(channels, reach, strict=True)):
        steps = np.array([rule.threshold(output - zero_point) for output in range(-127, 128)])
        v = np.concatenate([steps, steps - 1, np.linspace(low, high, 2000).astype(np.int64), [-1, 0, 1]])
        v = v[(v >= low) & (v <= high)]
        expected = np.clip(reference(v, rule) + zero_point, -128, 127)
        np.testing.assert_array_equal(narrow(v, layer, index, scale), expected)


def test_layers_that_end_in_relu_need_one_addend() -> None:
    channels = [FixedPoint((1 << 30) + 12345 * i, 8 + i % 3) for i in range(16)]
    layer = narrow_layer(channels, -128, [[256]] * 16, [(-(1 << 20), 1 << 20)] * 16)
    assert layer is not None
    assert not layer.signed


def test_any_zero_point_has_a_form_with_two_addends() -> None:
    channels = [FixedPoint((1 << 30) + 987654 * i, 9) for i in range(16)]
    layer = narrow_layer(channels, 4, [[256]] * 16, [(-(1 << 20), 1 << 20)] * 16)
    assert layer is not None
    assert layer.signed


def test_a_constant_channel_gives_its_value() -> None:
    layer = narrow_layer([Constant(-3)], 5, [[256]], [(-1000, 1000)])
    assert layer is not None
    assert set(narrow(np.arange(-1000, 1000), layer, 0, 256)) == {2}
