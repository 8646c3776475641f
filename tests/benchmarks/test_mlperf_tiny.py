# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlperf_tiny import compile_table, layer_table, several, table

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "benchmarks" / "mlperf_tiny.py"
#: what every object of the JSON has at least
FIELDS = {
    "model", "cpu", "optimize", "instructions", "cycles", "ram", "weights", "code", "stack", "max_diff",
}  # fmt: skip


def row(**changes: Any) -> dict[str, Any]:
    figures = {"instructions": 3064196, "cycles": 3364704, "ram": 9776, "weights": 32908, "code": 12288, "stack": 188}
    cost = {"macs": 2656768, "seconds": 3.04, "megabytes": 1245}
    return {"model": "kws", "cpu": "m4", "optimize": "balanced", **figures, "max_diff": 0.0, **cost, **changes}


def test_a_model_stands_above_its_peers_on_the_same_cores() -> None:
    peers = {
        "kws": [{"engine": "other", "cycles": 9330000}, {"engine": "other", "cpu": "m7", "cycles": 5540000}],
        "vww": [{"engine": "another", "ram": 1000}],
    }
    lines = table([row(), row(optimize="ram", max_diff=2.2e-6)], peers).splitlines()[2:]
    assert lines == [
        "| kws | **tvm_stm32** balanced, m4 | 3.064 | 3.365 | 12,288 | 32,908 | 9,776 | 188 | 0 |",
        "| | **tvm_stm32** ram, m4 | 3.064 | 3.365 | 12,288 | 32,908 | 9,776 | 188 | 2.2e-06 |",
        "| | other |  | 9.330 |  |  |  |  |  |",
    ]
    lines = table([row(cpu="m7"), row(model="vww")], peers).splitlines()[2:]
    assert lines[1] == "| | other, m7 |  | 5.540 |  |  |  |  |  |"
    assert lines[3] == "| | another |  |  |  |  | 1,000 |  |  |"


def test_what_compiling_took() -> None:
    assert compile_table([row()]).splitlines()[2] == "| kws | balanced, m4 | 3.0 | 1,245 |"


def test_layers_by_their_cycles() -> None:
    calls = [
        {"variant": "dense", "shape": "x [8]", "macs": 64, "cycles": 3364704 // 4},
        {"variant": "softmax", "shape": "1 row", "macs": 0, "cycles": 12},
    ]
    assert layer_table(row(layers=calls)).splitlines()[4:] == [
        "| 0 | dense | x [8] | 64 | 841,176 | 13143.38 | 25.0 |",
        "| 1 | softmax | 1 row | 0 | 12 |  | 0.0 |",
    ]


def test_several_values_of_an_option() -> None:
    names = several(("m4", "m7"))
    assert names("m7,m4") == ["m7", "m4"]
    with pytest.raises(argparse.ArgumentTypeError, match="'m5' is not one of m4, m7"):
        names("m4,m5")


def run(bench: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--bench", str(bench), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY)


def test_a_model_is_measured(bench: Path, small_model: Path, tmp_path: Path) -> None:
    done = run(bench, small_model, "--layers", "--optimize", "balanced,ram", "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [(found["model"], found["cpu"], found["optimize"]) for found in rows] == [
        ("small", "m4", "balanced"),
        ("small", "m4", "ram"),
    ]
    for found in rows:
        assert found.keys() >= FIELDS
        assert found["max_diff"] == 0
        assert found["macs"] == 8 * 8 * 2 + 8 * 3
        assert [call["operator"] for call in found["layers"]] == ["FULLY_CONNECTED"] * 3 + ["SOFTMAX"]
        parts = sum(call["cycles"] for call in found["layers"])
        assert 0.8 * found["cycles"] < parts <= found["cycles"]
        assert found["seconds"] > 0 and found["megabytes"] > 0
        assert f"| **tvm_stm32** {found['optimize']}, m4 | {found['instructions'] / 1e6:.3f} |" in done.stdout


def test_expected_outputs_of_bench_data_count(
    bench: Path, small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    from model_firmware import write_data

    write_data(small_model, tmp_path, macs=1)
    expected = tmp_path / "data" / "small_out.npy"
    values = np.load(expected)
    values[1, 2] -= 5 if values[1, 2] > 0 else -5
    np.save(expected, values)
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    done = run(bench, small_model, "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text())[0]["max_diff"] == 5


def test_what_is_wrong_is_said_in_a_line(bench: Path, tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        f"mlperf_tiny.py: {tmp_path}: no bench.py there; name its folder with --bench",
    )
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    done = run(bench, broken)
    assert done.returncode == 2
    assert "mlperf_tiny.py: tvm-stm32: error:" in done.stderr and "Traceback" not in done.stderr
