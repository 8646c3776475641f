# SPDX-License-Identifier: Apache-2.0
"""A trained network in a foreign project: images that it never saw, classified as onnxruntime classifies them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from cmake_project import CMAKES, GENERATORS, TOOLCHAIN, Project, boot, run
from packages import PART, Application, Packages, make_packages

IMAGES = 20


@pytest.fixture(scope="module")
def digits(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return make_packages(tmp_path_factory.mktemp("digits"), repository / "examples/digits/digits_int8.onnx")


@pytest.fixture(scope="module")
def images(repository: Path) -> np.ndarray:
    """Held-back images as the network takes them, float32 [count, 1, 8, 8]."""
    with np.load(repository / "examples/digits/held_back.npz") as file:
        return (file["images"][:IMAGES, np.newaxis] / np.float32(16)).astype(np.float32)


@pytest.fixture(scope="module")
def classes(repository: Path, images: np.ndarray) -> str:
    """What onnxruntime makes of the images, as the application prints it."""
    session = onnxruntime.InferenceSession(repository / "examples/digits/digits_int8.onnx")
    name = session.get_inputs()[0].name
    found = [int(np.argmax(session.run(None, {name: image[np.newaxis]})[0])) for image in images]
    assert len(set(found)) > 5
    return "".join(f"{digit} " for digit in found) + "\n"


def rows(images: np.ndarray) -> list[list[str]]:
    """The images as C literals; sixteenths are written exactly."""
    return [[f"{value}f" for value in image.ravel().tolist()] for image in images]


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_firmware_prints_the_right_classes(
    digits: Packages, application: Application, images: np.ndarray, classes: str, cmake: str
) -> None:
    project = Project(application(rows(images)), cmake)
    project.configure(
        f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", "TVM_STM32_CPU_FLAGS=-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 "
        "-mfloat-abi=hard", f"CMAKE_PREFIX_PATH={digits.f405}"
    )  # fmt: skip
    project.build()
    assert boot(PART, project.build_folder / "application.elf") == classes


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_program_of_the_host_prints_the_right_classes(
    digits: Packages, application: Application, images: np.ndarray, classes: str, cmake: str
) -> None:
    project = Project(application(rows(images)), cmake, GENERATORS["make"])
    project.configure(f"CMAKE_PREFIX_PATH={digits.host}")
    project.build()
    assert run(project.build_folder / "application") == classes
