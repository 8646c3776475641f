# SPDX-License-Identifier: Apache-2.0
"""Planes through all pairs of int8 values: whatever is found is checked here pair by pair."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tvm_stm32.quantize.weighted_sum import VALUES, Table, WeightedSum, fit_shortened_sum, fit_weighted_sum

A, B = VALUES[:, None], VALUES[None, :]


def rounded_sum(weight_a: float, weight_b: float, constant: float, bounds: tuple[int, int]) -> Table:
    """The sum in double, halves up, clamped."""
    return np.clip(np.floor(A * weight_a + B * weight_b + constant + 0.5).astype(np.int64), *bounds)


def evaluate(plane: WeightedSum, bounds: tuple[int, int]) -> Table:
    """The plane as C computes it; every intermediate value fits 32 bits."""
    first = A * plane.multiplier_a + plane.addend
    total = first + B * plane.multiplier_b
    for values in (first, total, A * plane.multiplier_a, B * plane.multiplier_b):
        assert np.abs(values).max() < 2**31
    return np.clip(total >> plane.shift, *bounds)


@settings(max_examples=100)
@given(
    weights=st.tuples(st.floats(2**-10, 20), st.floats(2**-10, 20)),
    constant=st.floats(-200, 200),
    bounds=st.sampled_from([(-128, 127), (-128, 20), (0, 127), (-3, 5), (7, 7)]),
)
def test_every_pair_is_as_expected(weights: tuple[float, float], constant: float, bounds: tuple[int, int]) -> None:
    expected = rounded_sum(*weights, constant, bounds)
    plane = fit_weighted_sum(*weights, expected, bounds)
    assume(plane is not None)
    assert plane is not None
    np.testing.assert_array_equal(evaluate(plane, bounds), expected)


def test_ordinary_weights_have_a_plane() -> None:
    for weights in ((0.3779, 1.0224), (0.8411, 0.9), (1.0, 1.0), (0.25, 0.5)):
        assert fit_weighted_sum(*weights, rounded_sum(*weights, 3.25, (-128, 127)), (-128, 127)) is not None


def test_results_that_never_reach_the_bounds_are_kept() -> None:
    expected = np.full((256, 256), 17)
    plane = fit_weighted_sum(1e-9, 1e-9, expected, (-128, 127))
    assert plane is not None
    np.testing.assert_array_equal(evaluate(plane, (-128, 127)), expected)


def test_halves_are_rounded_away_from_zero_by_a_tilted_plane() -> None:
    expected = np.trunc((A + B) / 2 + np.where(A + B < 0, -0.5, 0.5)).astype(np.int64)
    expected = np.clip(expected, -128, 127)
    plane = fit_weighted_sum(0.5, 0.5, expected, (-128, 127))
    assert plane is not None
    np.testing.assert_array_equal(evaluate(plane, (-128, 127)), expected)


def test_what_is_no_plane_has_none() -> None:
    assert fit_weighted_sum(1.0, 1.0, A * B // 128, (-128, 127)) is None


def test_weights_that_leave_no_fraction_have_none() -> None:
    assert fit_weighted_sum(2.0**30, 1.0, rounded_sum(2.0**30, 1.0, 0.0, (-128, 127)), (-128, 127)) is None


@settings(max_examples=30)
@given(weights=st.tuples(st.floats(2**-8, 20), st.floats(2**-8, 20)), constant=st.floats(-200, 200))
def test_shortened_products_give_every_pair(weights: tuple[float, float], constant: float) -> None:
    expected = rounded_sum(*weights, constant, (-128, 127))
    found = fit_shortened_sum(*weights, expected)
    assume(found is not None)
    assert found is not None
    assert max(abs(found.multiplier_a), abs(found.multiplier_b), abs(found.addend)) < 2**31
    total = (A * found.multiplier_a >> 8) + (B * found.multiplier_b >> 8) + found.addend
    assert np.abs(total).max() < 2**31
    np.testing.assert_array_equal(np.clip(total >> found.shift, -128, 127), expected)


def test_ordinary_weights_have_shortened_products() -> None:
    for weights in ((0.3779, 1.0224), (0.8411, 0.9), (1.0, 1.0), (0.25, 0.5)):
        assert fit_shortened_sum(*weights, rounded_sum(*weights, 3.25, (-128, 127))) is not None


def test_what_is_no_sum_has_no_shortened_products() -> None:
    assert fit_shortened_sum(1.0, 1.0, A * B // 128) is None
    assert fit_shortened_sum(2.0**30, 1.0, A + 0 * B) is None
