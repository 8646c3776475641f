# SPDX-License-Identifier: Apache-2.0
"""Every operator of TensorFlow Lite alone against TFLM, over generated shapes and quantizations."""

from __future__ import annotations

import numpy as np
import pytest
from exactness.oracle import Oracle
from exactness.quantized import SEEDS, float32, scales, zero_points
from exactness.single_operator import CORES, OBJECTIVES, check, compare, compile_on_host, read_bytes
from exactness.tflite_cases import OTHERS, WEIGHTED
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder

from tests.campaign import examples


@pytest.mark.parametrize("operator", WEIGHTED)
@settings(max_examples=examples(20))
@given(data=st.data(), core=st.sampled_from(CORES), optimize=st.sampled_from(OBJECTIVES))
def test_operator_with_weights(operator: str, core: str, optimize: str, data: st.DataObject) -> None:
    check(data.draw(WEIGHTED[operator]), cpu=core, optimize=optimize)


@pytest.mark.parametrize("operator", OTHERS)
@settings(max_examples=examples(12))
@given(data=st.data())
def test_operator(operator: str, data: st.DataObject) -> None:
    check(data.draw(OTHERS[operator]))


@settings(max_examples=examples(12))
@given(scales(1e-3, 10.0), zero_points(), SEEDS)
def test_quantize_rounds_halves_away_from_zero(scale: float, zero_point: int, seed: int) -> None:
    """Values between two steps, as near as float32 comes, which any other rule than the reference's gets wrong."""
    builder = TfliteBuilder()
    source, target = builder.input((256,), "float32"), builder.value((256,), "int8", scale, zero_point)
    builder.operator("QUANTIZE", [source], [target])
    model = builder.finish([target])
    steps = np.random.default_rng(seed).integers(-140, 140, 256)
    halves = ((steps + 0.5) * float32(scale)).astype(np.float32)
    reference = Oracle(model)
    reference.run([halves])
    compare(compile_on_host(read_bytes(model)).run([halves])[0], reference.output(0))
