# SPDX-License-Identifier: Apache-2.0
"""A model that turns bad between two builds: SCons and CMake stop with the tool's text, before any C is compiled."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from cmake_project import GENERATORS, TOOLCHAIN
from cmake_project import Project as CMakeProject
from scons_project import HEAD, copy_package, tiny_model
from scons_project import Project as SConsProject
from tflite_builder import TfliteBuilder


def large_model() -> bytes:
    """A model whose weights do not fit 16 KB."""
    builder = TfliteBuilder()
    x, y = builder.input([1, 200], "int8", 0.5), builder.value([1, 100], "int8", 0.5)
    builder.operator("FULLY_CONNECTED", [x, builder.constant(np.ones((100, 200), np.int8), [0.1], [0]), -1], [y])
    return builder.finish([y])


BAD_MODELS = {
    "empty": (b"", "kws.tflite: the model file is empty\n  hint: export or download the model again\n"),
    "large": (large_model(), " bytes of flash for its weights; STM32F030F4 has FLASH 16,384\n  hint: choose a smaller"),
}


@pytest.fixture(scope="module")
def checkout(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, which does not change under a test."""
    folder = copy_package(tmp_path_factory.mktemp("checkout"))
    shutil.copytree(repository / "cmake", folder / "cmake")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """The generated files."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix in (".c", ".h", ".json")}


@pytest.mark.parametrize(("content", "said"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_scons_stops_and_keeps_what_there_was(tmp_path: Path, checkout: Path, content: bytes, said: str) -> None:
    project = SConsProject(tmp_path)
    project.write("kws.tflite", tiny_model())
    lines = [
        HEAD + 'options["TVM_STM32_PART"] = "STM32F030F4"',
        f"env = Environment(**options, toolpath=[{str(checkout)!r}])",
        'env.TvmModel("kws", "kws.tflite")',
    ]
    project.write("SConstruct", "\n".join(lines))
    project.scons()
    before = contents(tmp_path / "kws")
    assert len(before) > 5
    project.write("kws.tflite", content)
    actions = project.scons(status=2)
    assert said in project.errors
    assert project.errors.count("error: ") == 1
    assert not any(action.startswith("CC") for action in actions)
    assert contents(tmp_path / "kws") == before
    project.write("kws.tflite", tiny_model())
    assert not any(action.startswith("CC") for action in project.scons())


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize(("content", "said"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_cmake_stops_and_keeps_what_there_was(
    tmp_path: Path, checkout: Path, content: bytes, said: str, generator: str
) -> None:
    (tmp_path / "kws.tflite").write_bytes(tiny_model())
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.19)\nproject(application C)\nfind_package(TvmStm32 CONFIG REQUIRED)\n"
        "tvm_stm32_add_model(kws MODEL kws.tflite)\n"
    )
    project = CMakeProject(tmp_path, generator=generator)
    project.configure(
        f"TvmStm32_DIR={checkout / 'cmake'}",
        f"TVM_STM32_PYTHON={sys.executable}",
        f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}",
        "TVM_STM32_PART=STM32F030F4",
    )
    project.build()
    before = contents(project.build_folder / "kws")
    assert len(before) > 5
    (tmp_path / "kws.tflite").write_bytes(content)
    done = project.try_build()
    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert "Building C object" not in done.stdout
    assert contents(project.build_folder / "kws") == before
    (tmp_path / "kws.tflite").write_bytes(tiny_model())
    assert "Building C object" not in project.build()
