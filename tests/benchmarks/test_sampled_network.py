# SPDX-License-Identifier: Apache-2.0
"""The ranges that a network's sample shows are those that the reference uses."""

from __future__ import annotations

import numpy as np
import pytest
from networks import NETWORKS, network
from reference_run import run_reference, sample_inputs
from sampled_network import NONE, RELU6, VALID, SampledNetwork, Value


def stack(network: SampledNetwork) -> tuple[Value, Value]:
    """Every layer once: the input and the output."""
    x = network.input(9, 7, 3)
    y = network.conv2d(x, 4, (5, 3), (2, 1), padding=VALID)
    y = network.depthwise(y, dilations=(2, 1), multiplier=2, activation=RELU6)
    joined = network.concat(y, network.pool("MAX_POOL_2D", y, (1, 1), (1, 1)))
    y = network.add(joined, network.conv2d(joined, 16, (1, 1), activation=NONE))
    return x, network.dense(network.mean(network.pool("AVERAGE_POOL_2D", y, (2, 2), (1, 1))), 5, NONE)


def test_the_sample_is_what_the_float_network_computes() -> None:
    built = SampledNetwork(3, "float32")
    x, y = stack(built)
    (found,) = run_reference(built.finish(y), [x.sample[:1]])
    np.testing.assert_allclose(found, y.sample[:1], rtol=1e-4, atol=1e-5)


def test_int8_stays_near_the_sample_and_uses_its_range() -> None:
    built = SampledNetwork(3)
    x, y = stack(built)
    assert x.scale is not None and y.scale is not None
    quantized = np.clip(np.round(x.sample[:1] / x.scale), -128, 127).astype(np.int8)
    (found,) = run_reference(built.finish(y), [quantized])
    real = (found.astype(np.float64) - y.zero_point) * y.scale
    assert np.abs(real - y.sample[:1]).max() < 0.1 * np.ptp(y.sample)
    assert np.ptp(found.astype(int)) > 60


@pytest.mark.parametrize("name", ["keywords", "temporal", "keywords_float"])
def test_networks_are_the_same_each_time_and_run(name: str) -> None:
    model = network(name)
    assert model == network(name)
    outputs = [run_reference(model, inputs)[0] for inputs in sample_inputs(model)]
    assert all(output.min() < output.max() for output in outputs)
    assert name in NETWORKS
