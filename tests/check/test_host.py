# SPDX-License-Identifier: Apache-2.0
"""Compiled models on this machine: whole runs, layers one by one, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.tiny_models import BIAS, SCALES, SHIFTS, WEIGHTS, tiny
from tvm_stm32.check.build import build, host_compiler
from tvm_stm32.check.host import HostModel, load
from tvm_stm32.codegen.emit import emit
from tvm_stm32.errors import ModelError, SettingsError, ToolError

SHAPE = (1, 2, 2, 2)
X = np.array([1, -3, 20, 0, -128, 4, 15, 9], np.int8).reshape(SHAPE)
SIDE = np.array([0, 5, -9, 100, 3, -100, 127, -128], np.int8).reshape(SHAPE)


def folder_with(folder: Path, *names: str, place: str = "arena") -> Path:
    """The files of ``tiny`` under these names."""
    for name in names:
        for file, content in emit(tiny(name, place, place)).items():
            (folder / file).write_bytes(content)
    return folder


def saturated(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    return np.clip(values, -128, 127).astype(np.int8)


def expected() -> list[npt.NDArray[np.generic]]:
    """What each layer of ``tiny`` writes for X and SIDE."""
    wide = X.reshape(4, 2).astype(np.int64) * WEIGHTS * (1 << SHIFTS.astype(np.int64)) + BIAS
    scaled = saturated(wide).reshape(SHAPE)
    added = saturated(scaled.astype(np.int64) + SIDE)
    sums = np.trunc(np.cumsum(added.reshape(-1), dtype=np.int64) / 8).astype(np.int8).reshape(SHAPE)
    real = sums.astype(np.float32) * SCALES[0] + SCALES[1]
    return [scaled, added, sums, real]


@pytest.mark.parametrize("place", ["arena", "application"])
def test_run_and_trace(place: str, tmp_path: Path) -> None:
    model = HostModel.load(folder_with(tmp_path, "tiny", place=place), "tiny")
    layers = model.trace([X, SIDE])
    for found, reference in zip(layers.values(), expected(), strict=True):
        np.testing.assert_array_equal(found, reference)
    assert list(layers) == [call.layer for call in model.manifest.calls]
    for found, reference in zip(model.run([X, SIDE]), expected()[2:], strict=True):
        np.testing.assert_array_equal(found, reference)
        assert found.shape == SHAPE


def test_inputs_and_outputs_in_the_files_order(tmp_path: Path) -> None:
    model = HostModel.load(folder_with(tmp_path, "tiny"), "tiny")
    assert [tensor.name for tensor in model.inputs] == ["x:0", "side"]
    assert [tensor.dtype for tensor in model.outputs] == ["int8", "float32"]


def test_several_models_in_one_library(tmp_path: Path) -> None:
    one, two = load(folder_with(tmp_path, "one", "two"), ["one", "two"])
    np.testing.assert_array_equal(one.run([X, SIDE])[0], two.run([X, SIDE])[0])


def test_inputs_need_no_layout(tmp_path: Path) -> None:
    """A view with strides is read in its logical order."""
    model = HostModel.load(folder_with(tmp_path, "tiny"), "tiny")
    transposed = np.ascontiguousarray(X.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(model.run([transposed, SIDE])[0], model.run([X, SIDE])[0])


def test_inputs_that_do_not_fit(tmp_path: Path) -> None:
    model = HostModel.load(folder_with(tmp_path, "tiny"), "tiny")
    with pytest.raises(SettingsError, match="1 inputs for a model with 2"):
        model.run([X])
    with pytest.raises(SettingsError, match=r"an input is float32\[1, 2, 2, 2\], expected int8"):
        model.trace([X.astype(np.float32), SIDE])
    with pytest.raises(SettingsError, match=r"an input is int8\[4\]"):
        model.run([X.reshape(-1)[:4], SIDE])


def test_error_of_the_interface(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "tiny")
    source = folder / "tiny.c"
    source.write_text(source.read_text().replace(".api_version = 1", ".api_version = 99"))
    with pytest.raises(ToolError, match="tvm_ai_create: "):
        HostModel.load(folder, "tiny").run([X, SIDE])


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the manifest: No such file"):
        HostModel.load(tmp_path, "tiny")
    (tmp_path / "tiny.json").write_text("{}")
    with pytest.raises(ModelError, match="this is no manifest"):
        HostModel.load(tmp_path, "tiny")


def test_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(ToolError, match="there is no C compiler for this machine"):
        HostModel.load(folder_with(tmp_path, "tiny"), "tiny")


def test_environment_chooses_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "gcc")
    assert Path(host_compiler()).name == "gcc"


def test_c_that_the_compiler_refuses(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int f(void) { return missing; }\n")
    with pytest.raises(ToolError, match=r"(?s)refuses wrong\.c.*missing"):
        build([source], tmp_path / "wrong.so", ["-shared"])
