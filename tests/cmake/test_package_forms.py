# SPDX-License-Identifier: Apache-2.0
"""Other ways to a package than its own name in CMake: pkg-config, the Common Package Specification, components."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cmake_project import CMAKES, Project, in_words, run, tvm_stm32
from packages import CLASSES, Application, Packages, classifier
from static_library import build_library
from tiny_models import tiny

from tests.api.layered import layered
from tvm_stm32.api.emit import emit_library
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError
from tvm_stm32.package.cmake import write_cmake_package
from tvm_stm32.package.components import write_components_package

#: what an application says in place of ``find_package(kws CONFIG REQUIRED)``
ALL = "find_package(models CONFIG REQUIRED)"
ONE = "find_package(models 1.2 CONFIG REQUIRED COMPONENTS kws)"


@pytest.fixture(scope="module")
def models(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with two models for the host, kws and wake, as the components of one package."""
    prefix = Path(shutil.copytree(packages.host, tmp_path_factory.mktemp("models") / "a prefix"))
    model = prefix.parent / "wake.tflite"
    model.write_bytes(classifier(diagonal=32))
    tvm_stm32("compile", model, "--name", "wake", "--cpu", "cortex-m4", "-o", prefix.parent / "wake")
    library = build_library(prefix.parent / "wake", "wake", prefix.parent / "build", arm=False)
    tvm_stm32("cmake-package", prefix.parent / "wake", "--library", library, "--host", "-o", prefix)
    tvm_stm32("cmake-components", "models", "kws", "wake", "--version", "1.2", "-o", prefix)
    return prefix


def edit(folder: Path, find: str, link: str = "kws::kws") -> Path:
    """The application in `folder`, asking for its model in the words of `find`."""
    lists = folder / "CMakeLists.txt"
    text = lists.read_text().replace("find_package(kws CONFIG REQUIRED)", find).replace("kws::kws", link)
    lists.write_text(text)
    return folder


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
@pytest.mark.parametrize("find", [ALL, ONE], ids=["all", "one"])
def test_components(models: Path, application: Application, cmake: str, find: str) -> None:
    link = "models::kws" if find is ONE else "models::wake models::kws"
    project = Project(edit(application(), find, link), cmake)
    project.configure(f"CMAKE_PREFIX_PATH={models}")
    project.build()
    assert run(project.build_folder / "application") == CLASSES


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_component_that_there_is_not(models: Path, application: Application, cmake: str) -> None:
    folder = edit(application(), "find_package(models REQUIRED COMPONENTS kws vww)")
    done = Project(folder, cmake).try_configure(f"CMAKE_PREFIX_PATH={models}")
    assert done.returncode != 0
    assert "Reason given by package: models has no component vww. hint: there are kws, wake" in in_words(done.stdout)
    optional = "find_package(models REQUIRED COMPONENTS kws OPTIONAL_COMPONENTS vww)\nif(models_vww_FOUND)"
    lists = folder / "CMakeLists.txt"
    text = lists.read_text().replace(
        "find_package(models REQUIRED COMPONENTS kws vww)", optional + "\nerror()\nendif()"
    )
    lists.write_text(text)
    Project(folder, cmake).configure(f"CMAKE_PREFIX_PATH={models}")


def test_component_for_another_machine(packages: Packages, application: Application, tmp_path: Path) -> None:
    """What a model's own package says of an ABI, the package of several says too; and of one that is not there."""
    prefix = Path(shutil.copytree(packages.f405, tmp_path / "prefix"))
    tvm_stm32("cmake-components", "models", "kws", "wake", "-o", prefix)
    project = Project(edit(application(), "find_package(models REQUIRED COMPONENTS kws)"))
    said = in_words(project.try_configure(f"CMAKE_PREFIX_PATH={prefix}").stdout)
    assert "Reason given by package: kws is built for armv7e-m, hard float, and /" in said
    assert "compiles for another machine. hint: configure with the part's toolchain file" in said
    project = Project(edit(application(name="other"), "find_package(models REQUIRED COMPONENTS wake)"))
    said = in_words(project.try_configure(f"CMAKE_PREFIX_PATH={prefix}").stdout)
    assert "the package of wake is missing beside" in said


@pytest.mark.parametrize(
    ("package", "components", "what"),
    [
        ("models", [], "a package of no components"),
        ("kws", ["kws", "wake"], "the package and its components need different names"),
        ("models", ["kws", "kws"], "the package and its components need different names"),
        ("models", ["2kws"], "'2kws' is no C identifier"),
    ],
)
def test_names_that_are_no_package(tmp_path: Path, package: str, components: list[str], what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        write_components_package(tmp_path, package, components)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["kws_DIR={0}/share/kws/cps", "CMAKE_PREFIX_PATH={0}/share"])
def test_common_package_specification(packages: Packages, application: Application, where: str) -> None:
    """CMake 4.3 and later read it."""
    project = Project(edit(application(), "find_package(kws 1.1 CONFIG REQUIRED)\nmessage(STATUS ${kws_CONFIG})"))
    assert "share/kws/cps/kws.cps\n" in project.configure(where.format(packages.host))
    project.build()
    assert run(project.build_folder / "application") == CLASSES


@pytest.mark.parametrize("find", [ALL, ONE], ids=["all", "one"])
def test_components_by_the_specification(models: Path, application: Application, find: str) -> None:
    find = find.replace("models ", "models 1.1 ", 1) if find is ALL else find
    link = "models::kws" if find is ONE else "models::wake models::kws"
    project = Project(edit(application(), f"{find}\nmessage(STATUS ${{models_CONFIG}} ${{kws_CONFIG}})", link))
    printed = project.configure(f"CMAKE_PREFIX_PATH={models / 'share'}")
    assert "share/models/cps/models.cps" in printed and "share/kws/cps/kws.cps\n" in printed
    project.build()
    assert run(project.build_folder / "application") == CLASSES


def test_a_component_that_the_specification_has_not(models: Path, application: Application) -> None:
    project = Project(edit(application(), "find_package(models REQUIRED COMPONENTS kws vww)"))
    done = project.try_configure(f"CMAKE_PREFIX_PATH={models / 'share'}")
    assert done.returncode != 0
    assert "vww" in done.stdout


def test_symbols_that_nothing_refers_to_are_kept_by_the_specification(tmp_path: Path) -> None:
    """Of the interface that finds models by a section of theirs."""
    write_artifacts(emit_library(layered(tiny(float_abi="any"), "stm32-port")), tmp_path / "model")
    library = build_library(tmp_path / "model", "tiny", tmp_path / "objects", arm=False)
    write_cmake_package(tmp_path / "dist", tmp_path / "model", library, host=True)
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(empty C)\nfind_package(tiny CONFIG REQUIRED)\n"
        "add_executable(empty main.c)\ntarget_link_libraries(empty PRIVATE tiny::tiny)\n"
    )
    project = Project(tmp_path)
    project.configure(f"tiny_DIR={tmp_path / 'dist/share/tiny/cps'}")
    project.build()
    symbols = subprocess.run(["nm", project.build_folder / "empty"], capture_output=True, text=True, check=True).stdout
    assert " tiny_network\n" in symbols


def test_pkg_config(packages: Packages, application: Application, tmp_path: Path) -> None:
    """From a folder with blanks, and after a move."""
    moved = Path(shutil.copytree(packages.host, tmp_path / "moved here"))
    folder = application()
    for prefix in (packages.host, moved):
        asked = f"pkg-config --with-path='{prefix}/lib/pkgconfig' --cflags --libs 'kws >= 1.1'"
        command = f"eval gcc main.c -o application $({asked})"
        subprocess.run(["sh", "-c", command], cwd=folder, check=True, timeout=60)
        assert run(folder / "application") == CLASSES


def test_fetched_with_the_project(application: Application, repository: Path, tmp_path: Path) -> None:
    """A repository of a model, and this one, are fetched where an application asks for their packages."""
    tool, model = tmp_path / "tool", tmp_path / "model"
    tool.mkdir()
    for part in ("cmake", "tvm_stm32", "CMakeLists.txt"):
        (tool / part).symlink_to(repository / part)
    model.mkdir()
    (model / "kws.tflite").write_bytes(classifier())
    (model / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.24)\nproject(kws C)\nfind_package(TvmStm32 CONFIG REQUIRED)\n"
        "tvm_stm32_add_model(kws MODEL kws.tflite CPU cortex-m4)\n"
    )
    fetched = "".join(
        f'FetchContent_Declare({name} SOURCE_DIR "{folder}" OVERRIDE_FIND_PACKAGE)\n'
        for name, folder in {"TvmStm32": tool, "kws": model}.items()
    )
    find = f"include(FetchContent)\n{fetched}find_package(kws CONFIG REQUIRED)"
    project = Project(edit(application(), find), CMAKES["system"])
    project.configure(f"TVM_STM32_PYTHON={sys.executable}")
    project.build()
    assert run(project.build_folder / "application") == CLASSES
    assert "ninja: no work to do." in project.build()
