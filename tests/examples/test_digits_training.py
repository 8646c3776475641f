# SPDX-License-Identifier: Apache-2.0
"""The digits example: its committed files are what its training script makes, and are worth showing."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

MODELS = ("digits_float.onnx", "digits_int8.onnx")


@pytest.fixture(scope="module")
def example(repository: Path) -> Path:
    return repository / "examples" / "digits"


@pytest.fixture(scope="module")
def dataset(example: Path) -> ModuleType:
    """The example's module of that name, which lies outside the package."""
    specification = importlib.util.spec_from_file_location("digits_dataset", example / "dataset.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


def right_answers(model: Path, dataset: ModuleType) -> int:
    digits = dataset.load()
    session = onnxruntime.InferenceSession(model)
    classes = [session.run(None, {"image": image[np.newaxis]})[0].argmax() for image in digits.inputs()]
    return int(np.sum(np.array(classes) == digits.labels))


def test_held_back_images_are_scikit_learns_and_not_in_training(dataset: ModuleType) -> None:
    training, held_back = dataset.split()
    committed = dataset.load()
    assert len(committed.labels) >= 300
    assert np.array_equal(committed.images, held_back.images)
    assert np.array_equal(committed.labels, held_back.labels)
    seen = {image.tobytes() for image in training.images}
    assert not [image for image in committed.images if image.tobytes() in seen]


@pytest.mark.parametrize("model", MODELS)
def test_committed_models_are_small_and_good(model: str, example: Path, dataset: ModuleType) -> None:
    assert (example / model).stat().st_size < 100_000
    assert right_answers(example / model, dataset) >= 0.97 * len(dataset.load().labels)


def test_retraining_gives_the_committed_models(example: Path, dataset: ModuleType, tmp_path: Path) -> None:
    command = [sys.executable, str(example / "train.py"), "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for model in MODELS:
        right = right_answers(example / model, dataset)
        assert right_answers(tmp_path / model, dataset) == right
        assert re.search(rf"^{model}: \d+ bytes, {right / len(dataset.load().labels):.2%} ", done.stdout, re.MULTILINE)
    # The float model and the images do not depend on the processor; calibration, run by onnxruntime, may.
    for name in ("digits_float.onnx", "held_back.npz"):
        assert (tmp_path / name).read_bytes() == (example / name).read_bytes(), name


def test_header_of_images_holds_every_image(example: Path, dataset: ModuleType, tmp_path: Path) -> None:
    header = tmp_path / "images.h"
    subprocess.run([sys.executable, str(example / "images.py"), str(header)], check=True)
    tables = re.findall(r"= \{(.*?)\};", header.read_text(), re.DOTALL)
    images, labels = ([int(number) for number in re.findall(r"\d+", table)] for table in tables)
    assert images == dataset.load().images.ravel().tolist()
    assert labels == dataset.load().labels.tolist()
