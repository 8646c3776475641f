# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import layer_firmware
import numpy as np
import pytest
from layer_firmware import Figures, batches, measure
from layer_shapes import FAMILIES, MOST_BYTES, Layer, layers
from layer_sweep import summary, worst
from reference_run import run_reference
from sampled_network import VALID

ALL = layers()
LAYER = Layer(0, "3x3", (7, 9), 4, 6, (3, 3), (2, 2))


def test_the_list() -> None:
    assert len(ALL) == len({replace(layer, number=0) for layer in ALL}) == 200
    assert [layer.number for layer in ALL] == list(range(200))
    assert {family: sum(layer.family == family for layer in ALL) for family in FAMILIES} == FAMILIES
    assert layers() == ALL
    kernels = {size for layer in ALL for size in layer.kernel}
    assert kernels >= {1, 2, 3, 5, 7}
    assert any(max(layer.dilations) > 1 for layer in ALL)
    assert min(layer.inputs for layer in ALL) == 1 and max(layer.inputs for layer in ALL) >= 256
    assert min(min(layer.size) for layer in ALL) == 1 and max(max(layer.size) for layer in ALL) == 96


def test_products_and_yardstick() -> None:
    assert LAYER.result == (4, 5)
    assert LAYER.macs == 4 * 5 * 6 * 3 * 3 * 4
    # rows: of 4 x 3 taps one is above, one below; columns: of 5 x 3 one is left, one right
    assert LAYER.yardstick == pytest.approx(10 * 13 * 6 * 4 * 1.2 + 8 * 4 * 5 * 6 + 2 * 7 * 9 * 4 + 200)
    valid = replace(LAYER, padding=VALID)
    assert valid.result == (3, 4)
    assert valid.yardstick == pytest.approx(valid.macs * 1.2 + 8 * 3 * 4 * 6 + 2 * 7 * 9 * 4 + 200)


def test_batches_hold_every_layer_once() -> None:
    groups = batches(ALL, 20)
    assert sorted(layer.number for group in groups for layer in group) == list(range(200))
    assert max(map(len, groups)) == 20
    assert max(layer.largest_tensor for layer in ALL) <= MOST_BYTES


def test_tables_name_the_worst() -> None:
    figures = [
        Figures(layer, "m4", "balanced", variant, 1000, round(layer.yardstick * factor), 1, 1, 0.0, different)
        for layer, variant, factor, different in (
            (LAYER, "rows", 1.0, 0),
            (replace(LAYER, number=1), "rows", 1.5, 0),
            (replace(LAYER, number=2, family="first"), "plain", 4.0, 3),
        )
    ]
    assert [line.split(" | ")[0] for line in worst(figures, 2).splitlines()[2:]] == [
        f"| {layer.number}: {LAYER.describe()}" for layer in (figures[2].layer, figures[1].layer)
    ]
    by_variant = summary(figures, "variant").splitlines()[2:]
    assert [line.split(" | ")[:2] for line in by_variant] == [["| plain", "1"], ["| rows", "2"]]
    assert by_variant[0].endswith("| 4.00 | 4.00 | 1 |") and by_variant[1].endswith("| 1.25 | 1.50 | 0 |")
    assert [line.split(" | ")[0] for line in summary(figures, "family").splitlines()[2:]] == ["| 3x3", "| first"]


def test_layers_are_measured_and_compared(bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_step_more(model: bytes, inputs: Any) -> list[np.ndarray]:
        output, *_ = run_reference(model, inputs)
        if output.shape[-1] == 5:
            output.ravel()[3] += 1 if output.ravel()[3] < 0 else -1
        return [output]

    monkeypatch.setattr(layer_firmware, "run_reference", one_step_more)
    dense = Layer(1, "dense", (1, 1), 12, 5)
    found = measure([LAYER, dense], "m4", "balanced", "-O2", bench, tmp_path)
    assert [figures.layer for figures in found] == [LAYER, dense]
    right, wrong = found
    assert (right.max_diff, right.different) == (0, 0)
    assert (wrong.max_diff, wrong.different) == (1, 2)  # in each of two runs
    assert right.instructions > LAYER.macs / 2 > wrong.instructions > dense.macs / 2
