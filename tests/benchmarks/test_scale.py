# SPDX-License-Identifier: Apache-2.0
"""The benchmark of many models, with one: what it counts is what a build of this size must do."""

from __future__ import annotations

from pathlib import Path

import pytest
from scale import PARTS, measure, print_table, small_model


def test_one_model_for_one_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builds, figures = measure(tmp_path / "scale", 1, PARTS[:1], jobs=1)
    cold, null, plain, edited, cached = (build.actions for build in builds)
    assert cold == {"TVM": 1, "CC": 4, "AR": 1, "SIZE": 1}
    assert null == plain == {}
    assert edited == {"TVM": 1, "CC": 1, "AR": 1, "SIZE": 1}
    assert cached == {"Retrieved": 9 + 4 + 1}
    assert figures["files"] > figures["plain_files"] > 10
    assert figures["megabytes"] > 50
    assert all(build.processor > 0 for build in builds)
    print_table(builds, figures)
    assert "| second checkout, shared cache | 0 | 0 | 0 | 14 |" in capsys.readouterr().out


def test_an_edited_model_has_other_weights_alone() -> None:
    one, other = small_model(1, 1), small_model(1, 2)
    assert len(one) == len(other)
    assert sum(first != second for first, second in zip(one, other, strict=True)) == 1
