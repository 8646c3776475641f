# SPDX-License-Identifier: Apache-2.0
"""The judge of the digits example: it accepts what is right and refuses each thing that is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from arm_firmware import link

from tvm_stm32.device.part import find_part

PART = "STM32F405RGT6"
COUNTS = "instructions   360 intervals: least 1, mean 2.0, most 3"
Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def check(repository: Path) -> ModuleType:
    """The example's module check, imported as when it runs as a script: its folder comes first."""
    folder = str(repository / "examples" / "digits")
    sys.path.insert(0, folder)
    try:
        import check
    finally:
        sys.path.remove(folder)
    return check


@pytest.fixture(scope="module")
def images(check: ModuleType) -> Floats:
    found: Floats = check.dataset.load().inputs()
    return found


@pytest.fixture(scope="module")
def int8_outputs(check: ModuleType, images: Floats, repository: Path) -> Floats:
    found: Floats = check.reference.run(repository / "examples" / "digits" / "digits_int8.onnx", images)
    return found


@pytest.fixture(scope="module")
def float_outputs(check: ModuleType, images: Floats, repository: Path) -> Floats:
    found: Floats = check.onnxruntime_outputs(repository / "examples" / "digits" / "digits_float.onnx", images)
    return found


def judge(repository: Path, folder: Path, kind: str, outputs: Floats) -> subprocess.CompletedProcess[str]:
    """Run check.py on a run whose network gave `outputs`."""
    lines = [f"{output.argmax()} {output.tobytes().hex()}" for output in outputs]
    (folder / "output").write_text("\n".join([*lines, COUNTS, ""]))
    elf = link(find_part(PART), "int main(void) { return 0; }\n", folder)
    example = repository / "examples" / "digits"
    command = [sys.executable, example / "check.py", example / f"digits_{kind}.onnx", folder / "output", elf, PART]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_the_integer_reference_is_close_to_onnxruntime(
    check: ModuleType, int8_outputs: Floats, images: Floats, repository: Path
) -> None:
    expected = check.onnxruntime_outputs(repository / "examples" / "digits" / "digits_int8.onnx", images)
    steps = np.rint(np.abs(int8_outputs - expected) / check.STEP)
    assert steps.max() <= 1
    assert np.sum(steps > 0) <= 0.001 * steps.size


def test_right_outputs_are_accepted(repository: Path, tmp_path: Path, int8_outputs: Floats) -> None:
    result = judge(repository, tmp_path, "int8", int8_outputs)
    assert (result.returncode, result.stderr) == (0, "")
    assert "360 of 360 are onnxruntime's" in result.stdout
    assert "14400 of 14400 are the integer reference's" in result.stdout
    assert "355 of 360 are right, 98.6 %" in result.stdout
    assert "instructions   360 inferences: least 1, mean 2.0, most 3" in result.stdout
    assert "FLASH           1,048,576  at 0x08000000" in result.stdout


def test_one_wrong_byte_is_refused(repository: Path, tmp_path: Path, int8_outputs: Floats) -> None:
    outputs = int8_outputs.copy()
    outputs.view(np.uint8)[200, 4] ^= 1  # the lowest bit of one float
    result = judge(repository, tmp_path, "int8", outputs)
    assert result.returncode == 1
    assert result.stderr == "check.py: digits_int8.onnx: 1 bytes are not the integer reference's\n"


def test_a_wrong_class_is_refused(repository: Path, tmp_path: Path, float_outputs: Floats) -> None:
    outputs = float_outputs.copy()
    outputs[17] = np.roll(outputs[17], 1)
    result = judge(repository, tmp_path, "float", outputs)
    assert result.returncode == 1
    assert "1 classes are not onnxruntime's" in result.stderr


def test_float_outputs_have_a_tolerance(repository: Path, tmp_path: Path, float_outputs: Floats) -> None:
    near, far = float_outputs.copy(), float_outputs.copy()
    near[5, 5] += np.float32(9e-6)
    far[5, 5] += np.float32(1.2e-5)
    assert judge(repository, tmp_path, "float", near).returncode == 0
    result = judge(repository, tmp_path, "float", far)
    assert result.returncode == 1
    assert "the outputs are not within 1e-05" in result.stderr


def test_missing_images_are_refused(repository: Path, tmp_path: Path, int8_outputs: Floats) -> None:
    result = judge(repository, tmp_path, "int8", int8_outputs[:-1])
    assert result.returncode == 1
    assert "359 results for 360 images" in result.stderr
