# SPDX-License-Identifier: Apache-2.0
"""How a firmware repository comes by the tool: as a submodule through site_scons, by a tool path, installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from scons_project import ROOT, Project, copy_package, tiny_model

SCONSTRUCT = """\
DefaultEnvironment(tools=[])
import sys
for turn in range(2):
    env = Environment(tools=["default", "tvm_stm32"], TVM_STM32_PART="STM32F405RGT6"{toolpath})
kws = env.TvmModelSources("kws", "kws.tflite")
print("package", sys.modules["tvm_stm32"].__file__)
print("imported", [name for name in ("tvm", "numpy") if name in sys.modules])
"""

LOADER = "site_scons/site_tools/tvm_stm32.py"


def check(project: Project, package: Path, toolpath: str = "") -> None:
    """SCons takes the tool from the copy of the package in the folder `package`, and does not import TVM for it."""
    project.write("SConstruct", SCONSTRUCT.format(toolpath=toolpath))
    project.write("kws.tflite", tiny_model())
    assert project.scons("-n") == {"TVM kws.tflite -> kws"}
    found, imported, *_ = project.printed.splitlines()
    assert Path(found.removeprefix("package ")).resolve() == package.resolve() / "tvm_stm32/__init__.py"
    assert imported == "imported []"


def check_generator(project: Project, package: Path) -> None:
    """What runs to generate C is that copy of the package too, though another may be installed."""
    init = package / "tvm_stm32/__init__.py"
    text = init.read_text()
    line = next(line for line in text.splitlines() if line.startswith("__version__"))
    init.write_text(text.replace(line, '__version__ = "7.7.7"'))
    assert project.scons() == {"TVM kws.tflite -> kws"}
    assert "tvm_stm32 7.7.7" in (project.folder / "kws/kws.c").read_text()


def test_submodule_with_a_copied_loader(tmp_path: Path) -> None:
    project = Project(tmp_path)
    package = copy_package(tmp_path / "third_party/tvm-stm32")
    project.write(LOADER, (ROOT / LOADER).read_text())
    check(project, package)
    check_generator(project, package)


def test_submodule_at_the_top(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(LOADER, (ROOT / LOADER).read_text())
    check(project, copy_package(tmp_path / "tvm-stm32"))


def test_submodule_with_a_linked_site_scons(tmp_path: Path) -> None:
    package = copy_package(tmp_path / "deep/in/the/repository/tvm-stm32")
    (tmp_path / "site_scons").symlink_to("deep/in/the/repository/tvm-stm32/site_scons")
    check(Project(tmp_path), package)


def test_site_folder_named_on_the_command_line(tmp_path: Path) -> None:
    package = copy_package(tmp_path / "elsewhere")
    project = Project(tmp_path / "project", environment={"SCONSFLAGS": f"--site-dir={package / 'site_scons'}"})
    check(project, package)


def test_repository_itself(tmp_path: Path) -> None:
    package = copy_package(tmp_path / "tvm-stm32")
    check(Project(package), package)


def test_toolpath(tmp_path: Path) -> None:
    check(Project(tmp_path), copy_package(tmp_path / "tvm-stm32"), ', toolpath=["tvm-stm32"]')


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a copy of the package as pip leaves it, and the packages of this one behind it."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    shutil.copytree(ROOT / "tvm_stm32", packages / "tvm_stm32", ignore=shutil.ignore_patterns("__pycache__"))
    metadata = packages / "tvm_stm32-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tvm-stm32\nVersion: 0.1.0\n")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + os.linesep)
    return packages


def python_of(packages: Path) -> str:
    """The interpreter of the virtual environment that `packages` is in."""
    return str(packages.parents[2] / "bin/python")


def test_installed_with_a_toolpath(tmp_path: Path, installed: Path) -> None:
    project = Project(tmp_path, python=python_of(installed))
    check(project, installed, ', toolpath=[PyPackageDir("tvm_stm32").dir]')
    check_generator(project, installed)


def test_installed_with_a_copied_loader(tmp_path: Path, installed: Path) -> None:
    project = Project(tmp_path, python=python_of(installed))
    project.write(LOADER, (ROOT / LOADER).read_text())
    check(project, installed)
