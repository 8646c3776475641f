# SPDX-License-Identifier: Apache-2.0
"""A small model, and its packages for the part and for the host, made by the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cmake_project import tvm_stm32
from static_library import F405, build_library
from tflite_builder import TfliteBuilder

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
