# SPDX-License-Identifier: Apache-2.0
"""Where the measuring harness is, and models to measure with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sampled_network import NONE, SampledNetwork


@pytest.fixture(scope="session")
def bench(shared: Path) -> Path:
    """The folder of the measuring harness; without it, skip."""
    if not (shared / "bench" / "bench.py").is_file():
        pytest.skip(f"no {shared.name}/bench beside the checkout: the measuring harness is not part of this project")
    return shared / "bench"


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of one shape, of which the second must be told apart from the first, and a third."""
    network = SampledNetwork(seed=1)
    x = network.input(8)
    for _ in range(2):
        x = network.dense(x, 8)
    path = tmp_path_factory.mktemp("models") / "small.tflite"
    path.write_bytes(network.finish(network.softmax(network.dense(x, 3, NONE))))
    return path
