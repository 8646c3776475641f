# SPDX-License-Identifier: Apache-2.0
"""A new project builds with SCons and with CMake, boots on the emulated board, and prints what TFLM computes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnx.numpy_helper
import pytest
from cmake_project import Project
from exactness.oracle import Oracle
from scons_project import ROOT, tiny_model
from small_networks import write_with_weights_beside

from tests.package.test_library_format import members, tar_of
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError, TvmStm32Error
from tvm_stm32.model.library_format import read_source
from tvm_stm32.model.model_file import read_model_file, whole_model
from tvm_stm32.project.boards import boards_for
from tvm_stm32.project.contents import project_files
from tvm_stm32.project.create import new_project
from tvm_stm32.project.description import read_description

F405 = "STM32F405RGT6"


@pytest.fixture(scope="module")
def expected() -> str:
    """What the firmware must print: TFLM's output for the input that main.c makes up."""
    oracle = Oracle(tiny_model())
    oracle.run([(37 * np.arange(8) + 11).astype(np.uint8).view(np.int8).reshape(1, 8)])
    values = oracle.output(0).ravel().tolist()
    assert len(set(values)) > 1
    return " ".join(map(str, values))


def scons(folder: Path, *arguments: str) -> str:
    """What SCons prints in `folder`; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "SCONSFLAGS"}
    command = [sys.executable, "-m", "SCons", "-Q", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_scons_builds_it_and_runs_it(written: Path, expected: str, tmp_path: Path) -> None:
    project = shutil.copytree(written, tmp_path / "elsewhere")
    assert "warning" not in scons(project)
    assert scons(project, "-q") == "", "a second build has something to do"
    assert scons(project, "run") == f"t1: {expected}\n"
    assert scons(project, "run", "EMULATOR=unicorn").startswith(f"t1: {expected}\nstack  ")
    built = {file.name for file in (project / "build").iterdir() if file.is_file()}
    assert built == {"app.elf", "app.map", "app.bin", "app.hex"}


def test_cmake_builds_it_and_runs_it_on_another_board_with_the_core(
    written: Path, expected: str, tmp_path: Path
) -> None:
    """QEMU has no H743: it runs what is linked for a board with a Cortex-M7."""
    part = find_part("STM32H743ZIT6")
    for name, content in project_files("kws", part, "balanced", "models/kws.tflite", boards_for(part)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    shutil.copytree(written / "models", tmp_path / "models")
    project = Project(tmp_path)
    project.configure(f"TvmStm32_DIR={ROOT / 'cmake'}", f"TVM_STM32_PYTHON={sys.executable}")
    assert "warning" not in project.build()
    assert {"app.elf", "app.bin", "app.hex"} <= {file.name for file in project.build_folder.iterdir()}
    assert project.build("--target", "run").splitlines()[-1] == f"t1: {expected}"
    project.configure("EMULATOR=unicorn")
    for_the_part = project.build("--target", "run").splitlines()[-2:]
    assert for_the_part[0] == f"t1: {expected}"
    assert re.fullmatch(r"stack +\d+ of 4,096 bytes", for_the_part[1])


def test_a_part_that_another_core_loads_has_no_image_from_its_vectors_to_its_code() -> None:
    """It would have 256 MB of gap; and no programmer writes it to flash."""
    part = find_part("STM32MP157CAC3")
    files = project_files("kws", part, "balanced", "models/kws.tflite", boards_for(part))
    texts = {name: files[name].decode() for name in ("README.md", "SConstruct", "CMakeLists.txt")}
    assert not any("app.bin" in text or "`.bin`" in text for text in texts.values())
    assert all("app.hex" in texts[name] for name in ("SConstruct", "CMakeLists.txt"))
    assert "remoteproc" in texts["README.md"] and "STM32_Programmer" not in texts["README.md"]
    assert "> VECTORS" in files["board/link.ld"].decode()


def test_files_are_the_same_anywhere(written: Path) -> None:
    """They follow from name, part, objective and model alone; so no path of this machine is among them."""
    part = find_part(F405)
    files = project_files("kws", part, "balanced", "models/kws.tflite", boards_for(part))
    files["models/kws.tflite"] = tiny_model()
    files["model.tar"] = (written / "model.tar").read_bytes()
    assert {str(file.relative_to(written)): file.read_bytes() for file in written.rglob("*") if file.is_file()} == files
    source = read_source(files["model.tar"], "model.tar")
    assert (source.module, source.file, source.content) == ("kws", "kws.tflite", tiny_model())
    assert str(written.parent).encode() not in files["model.tar"]


def test_weights_beside_the_model_come_along(tmp_path: Path) -> None:
    """The project's one file is the same network."""
    write_with_weights_beside(tmp_path / "kws.onnx")
    given = read_model_file(tmp_path / "kws.onnx")
    content = whole_model(given.content, tmp_path)
    assert content != given.content
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/kws.onnx").write_bytes(content)
    assert whole_model(read_model_file(tmp_path / "alone/kws.onnx").content, tmp_path / "alone") == content
    tensor = onnx.load(tmp_path / "alone/kws.onnx", load_external_data=False).graph.initializer[0]
    assert np.array_equal(onnx.numpy_helper.to_array(tensor), np.arange(16).reshape(4, 4))


def test_an_archive_says_part_name_and_objective(written: Path, tmp_path: Path) -> None:
    """What else is made of it is what its model file gave."""
    files = members((written / "model.tar").read_bytes())
    metadata = files["metadata.json"].replace(b'"optimize": "balanced"', b'"optimize": "ram"')
    assert metadata != files["metadata.json"]
    (tmp_path / "any.tar").write_bytes(tar_of(files | {"metadata.json": metadata}))
    new_project(tmp_path / "new", tmp_path / "any.tar")
    description = read_description(written)
    assert read_description(tmp_path / "new") == msgspec.structs.replace(description, optimize="ram")
    for name in (description.model, "src/main.c", "board/link.ld"):
        assert (tmp_path / "new" / name).read_bytes() == (written / name).read_bytes()
    assert (tmp_path / "new/model.tar").read_bytes() == (tmp_path / "any.tar").read_bytes()


def test_readme_names_what_there_is(written: Path) -> None:
    text = (written / "README.md").read_text()
    for name in ("models/kws.tflite", "src/main.c", "src/console.c", "board/link.ld", "board/startup.c"):
        assert f"`{name}`" in text and (written / name).is_file()
    for command in ("`scons`", "`scons run`", "`cmake -B build`", "`cmake --build build --target run`"):
        assert command in text


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="this folder is not empty"):
        new_project(tmp_path, Path("kws.tflite"), F405)
    with pytest.raises(SettingsError, match="this is a file"):
        new_project(tmp_path / "mine.txt", Path("kws.tflite"), F405)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("model", "part", "name", "what"),
    [
        ("missing.tflite", F405, None, "cannot read the model file"),
        ("kws.tflite", None, None, "for which part"),
        ("kws.tflite", "STM32F999", None, "there is no STM32 part 'STM32F999'"),
        ("2 words.tflite", F405, None, "'2_words' is no C identifier"),
        ("Install.tflite", F405, None, "'install' means something else in a project"),
        ("kws.tflite", F405, "app", "'app' means something else in a project"),
    ],
)
def test_mistakes_leave_nothing_behind(
    tmp_path: Path, model: str, part: str | None, name: str | None, what: str
) -> None:
    if not model.startswith("missing"):
        (tmp_path / model).write_bytes(tiny_model())
    with pytest.raises(TvmStm32Error, match=what):
        new_project(tmp_path / "new", tmp_path / model, part, name)
    assert not (tmp_path / "new").exists()
