# SPDX-License-Identifier: Apache-2.0
"""A model that is compiled, built and packaged once, and an application to find it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from cmake_project import tvm_stm32
from packages import PART, SAMPLES, Application, Packages, classifier, make_packages


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
