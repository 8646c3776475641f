# SPDX-License-Identifier: Apache-2.0
"""A model that is compiled, built and packaged once, by the command line, for the tests to find."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests.cmake.projects import tvm_stm32
from tests.exactness.tflite_builder import TfliteBuilder
from tests.package.objects import F405, build_library

PART = "STM32F405RGT6"

#: what the application is given, and the classes it must print: the weights of class i ask for pixel i
SAMPLES = ((90, 0, -90), (-5, -7, -6), (1, 2, 3))
CLASSES = "0 0 2 \n"


#: makes a copy of the application
Application = Callable[..., Path]


def classifier(diagonal: int = 64) -> bytes:
    """A TFLite model whose scores are its three inputs, times `diagonal` / 64."""
    builder = TfliteBuilder()
    x = builder.input([1, 3], "int8", 0.5)
    weights = builder.constant(np.eye(3, dtype=np.int8) * np.int8(diagonal), [1 / 64], [0])
    scores = builder.value([1, 3], "int8", 0.5)
    builder.operator("FULLY_CONNECTED", [x, weights, -1], [scores])
    return builder.finish([scores])


@dataclass(frozen=True, slots=True)
class Packages:
    """One model, compiled into `model`, and its packages for the part and for the host."""

    model: Path
    f405: Path
    host: Path
    printed: str  # by the command that wrote the package for the part


def make_packages(root: Path, model_file: Path) -> Packages:
    """Compile a model as ``kws``, build its library for both machines, and package both, version 1.2."""
    model = root / "model"
    tvm_stm32("compile", model_file, "--name", "kws", "--part", PART, "-o", model)
    f405 = build_library(model, "kws", root / "f405 build", *F405)
    host = build_library(model, "kws", root / "host build", arm=False)
    printed = tvm_stm32("cmake-package", model, "--library", f405, "--version", "1.2", "-o", root / "f405 dist")
    tvm_stm32("cmake-package", model, "--library", host, "--version", "1.2", "--host", "-o", root / "host dist")
    return Packages(model, root / "f405 dist", root / "host dist", printed)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The packages of `classifier`."""
    root = tmp_path_factory.mktemp("packages") / "a folder"
    root.mkdir()
    (root / "kws.tflite").write_bytes(classifier())
    return make_packages(root, root / "kws.tflite")


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """Makes a copy of the application, for the samples given, in a new folder."""

    def make(samples: Sequence[Sequence[object]] = SAMPLES, name: str = "my application") -> Path:
        folder = Path(shutil.copytree(Path(__file__).parent / "application", tmp_path / name))
        shutil.copy(str(files("tvm_stm32.emulator").joinpath("semihosting.h")), folder)
        rows = ",\n".join("{" + ", ".join(map(str, sample)) + "}" for sample in samples)
        elements = len(samples[0])
        table = f"static const KWS_INPUT_0_TYPE samples[SAMPLES][{elements}] = {{\n{rows}\n}};\n"
        (folder / "samples.h").write_text(f"#define SAMPLES {len(samples)}\n{table}")
        tvm_stm32("startup", "--part", PART, "-o", folder)
        return folder

    return make
