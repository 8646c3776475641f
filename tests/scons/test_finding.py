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
from arm_firmware import needs_gcc
from scons_project import ROOT, Project, copy_package, tiny_model

pytestmark = needs_gcc

READ = """\
DefaultEnvironment(tools=[])
import sys
for turn in range(2):
    env = Environment(tools=["default", "tvm_stm32"], TVM_STM32_PART="STM32F405RGT6"{toolpath})
kws = env.TvmModelSources("kws", "kws.tflite")
print("package", sys.modules["tvm_stm32"].__file__)
print("imported", [name for name in ("tvm", "numpy") if name in sys.modules])
"""

LOADER = "site_scons/site_tools/tvm_stm32.py"

#: stands for the copy of the package in what it generates
VERSION = "7.7.7"


def mark(folder: Path) -> Path:
    """Give the copy of the package in `folder` a version that no other has; returns its ``__init__.py``."""
    init = folder / "tvm_stm32" / "__init__.py"
    text = init.read_text()
    line = next(line for line in text.splitlines() if line.startswith("__version__"))
    init.write_text(text.replace(line, f'__version__ = "{VERSION}"'))
    return init


def check(project: Project, init: Path, toolpath: str = "") -> None:
    """The tool is read from `init`, without TVM, and the compiler that runs is that copy too."""
    project.write("SConstruct", READ.format(toolpath=toolpath))
    project.write("kws.tflite", tiny_model())
    assert project.scons() == {"TVM kws.tflite -> kws"}
    package, imported, *_ = project.printed.splitlines()
    assert Path(package.removeprefix("package ")).resolve() == init.resolve()
    assert imported == "imported []"
    assert f"tvm_stm32 {VERSION}" in (project.folder / "kws/kws.c").read_text()


@pytest.mark.parametrize("submodule", ["tvm-stm32", "third_party/tvm-stm32"])
def test_copied_loader_finds_a_submodule(tmp_path: Path, submodule: str) -> None:
    project = Project(tmp_path)
    init = mark(copy_package(tmp_path / submodule))
    project.write(LOADER, (ROOT / LOADER).read_text())
    check(project, init)


def test_linked_site_scons(tmp_path: Path) -> None:
    project = Project(tmp_path)
    init = mark(copy_package(tmp_path / "deep/in/the/repository/tvm-stm32"))
    (tmp_path / "site_scons").symlink_to("deep/in/the/repository/tvm-stm32/site_scons")
    check(project, init)


def test_toolpath(tmp_path: Path) -> None:
    project = Project(tmp_path)
    init = mark(copy_package(tmp_path / "tvm-stm32"))
    check(project, init, ', toolpath=["tvm-stm32"]')


@pytest.mark.parametrize("way", ["PyPackageDir", "site_scons"])
def test_installed(tmp_path: Path, way: str) -> None:
    """A virtual environment with a copy of the package as pip leaves it, and this one's packages behind it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=120)
    installed = Path(sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv")}))
    shutil.copytree(ROOT / "tvm_stm32", installed / "tvm_stm32", ignore=shutil.ignore_patterns("__pycache__"))
    (installed / "others.pth").write_text(sysconfig.get_path("purelib") + os.linesep)
    init = mark(installed)
    project = Project(tmp_path / "project", python=str(tmp_path / "venv/bin/python"))
    if way == "site_scons":
        project.write(LOADER, (ROOT / LOADER).read_text())
        check(project, init)
    else:
        check(project, init, ', toolpath=[PyPackageDir("tvm_stm32").dir]')


def test_repository_itself_reads_its_tool(tmp_path: Path) -> None:
    """A file read from the root of a checkout, where site_scons stands, as its own SConstruct is."""
    project = Project(copy_package(tmp_path / "tvm-stm32"))
    check(project, mark(project.folder))
