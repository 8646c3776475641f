# SPDX-License-Identifier: Apache-2.0
"""`tvm-stm32 validate`: a model's C beside its original interpreter."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from exactness.onnx_builder import OnnxBuilder
from msgspec.structs import replace
from packages import classifier

from tests.tiny_models import tiny, tiny_reference
from tvm_stm32.check.compare import compare, random_inputs
from tvm_stm32.check.host import HostModel
from tvm_stm32.check.reference import Reference, reference_of
from tvm_stm32.cli import main
from tvm_stm32.codegen.emit import emit
from tvm_stm32.errors import ModelError, ToolError

Array = npt.NDArray[Any]


def test_integers_are_tflms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kws.tflite").write_bytes(classifier())
    assert main(["validate", str(tmp_path / "kws.tflite"), "--samples", "3"]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading == "kws.tflite beside TensorFlow Lite Micro, 3 random inputs"
    assert line.startswith("  ok  ")
    assert "(int8): 0 of 9 values differ, by 0 steps at most" in line


def test_channels_are_moved_for_onnxruntime(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three channels of 5x4: nothing agrees by luck. More is asked for than float32 can give: that is exit status 1."""
    builder = OnnxBuilder()
    weights = builder.constant(np.random.default_rng(2).normal(size=(2, 3, 3, 3)).astype(np.float32))
    model = builder.finish(builder.node("Conv", builder.input([1, 3, 5, 4]), weights))
    (tmp_path / "conv.onnx").write_bytes(model)
    assert main(["validate", str(tmp_path / "conv.onnx"), "--json", "--tolerance", "-1"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["reference"], found["samples"], found["good"]) == ("onnxruntime", 20, False)
    (output,) = found["outputs"]
    assert (output["dtype"], output["values"]) == ("float32", 20 * 2 * 3 * 2)
    assert output["relative"] < 1e-5


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostModel:
    folder = tmp_path_factory.mktemp("tiny")
    for file, content in emit(tiny()).items():
        (folder / file).write_bytes(content)
    return HostModel.load(folder, "tiny")


def test_differences_are_counted_and_measured(host: HostModel) -> None:
    """An interpreter that is two steps off in one value of each run, and half of the largest in all floats."""

    def run(inputs: Sequence[Array]) -> list[Array]:
        sums, reals = tiny_reference(inputs[0].reshape(-1), inputs[1].reshape(-1))
        sums = sums.astype(np.int16)
        sums[3] += 2
        return [sums, np.array(reals, np.float32) * 2]

    runs = random_inputs(host, samples=4, seed=5)
    integers, floats = compare(host, Reference("other", run), runs)
    assert (integers.values, integers.differing, integers.largest) == (32, 4, 2.0)
    assert integers.rmse == pytest.approx(np.sqrt(4 * 4 / 32))
    assert (integers.within(2, 0), integers.within(1, 1.0)) == (True, False)
    assert floats.relative == pytest.approx(0.5)
    assert (floats.within(0, 0.51), floats.within(100, 0.49)) == (True, False)
    whole = replace(floats, step=floats.largest / 2)  # of one scale, as those of the model are not
    assert (whole.within(2, 0), whole.within(1, 0)) == (True, False)


def test_random_inputs_are_the_same_for_a_seed(host: HostModel) -> None:
    first, again, other = (random_inputs(host, 2, seed) for seed in (1, 1, 2))
    for one, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, different)
    assert [array.dtype for array in first[0]] == [np.int8, np.int8]


def test_extra_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ToolError) as caught:
        reference_of(tmp_path / "model.onnx")
    assert caught.value.hint == "pip install 'tvm-stm32[validate]'"


def test_model_that_its_interpreter_refuses(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"anything")
    with pytest.raises(ModelError, match="its own interpreter refuses the model: "):
        reference_of(tmp_path / "model.onnx")


def test_no_sample_is_no_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "model.onnx"), "--samples", "0"]) == 2
    assert "compare at least one" in capsys.readouterr().err
