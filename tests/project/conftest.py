# SPDX-License-Identifier: Apache-2.0
"""A project that the command line has made."""

from __future__ import annotations

from pathlib import Path

import pytest
from cmake_project import tvm_stm32
from scons_project import tiny_model


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for the F405, as the command line makes it."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "kws.tflite").write_bytes(tiny_model())
    project = folder / "a project"
    printed = tvm_stm32("new-project", project, "--model", folder / "kws.tflite", "--part", "stm32f405rgt6")
    assert (
        printed.splitlines()[-1]
        == f"{project}: a project for STM32F405RGT6; its README.md says how to build and run it"
    )
    return project
