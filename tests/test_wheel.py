# SPDX-License-Identifier: Apache-2.0
"""The wheel, installed by pip into an empty virtual environment and used from outside the checkout.

The same projects are built by the checkout too, in another folder and by somebody with other settings (by another user,
where the tests are root's), and give the same bytes, libraries and packages included.

The packages that it depends on are not fetched again: a path file lends the environment those of this one, without
this project. So what is shown is that the wheel itself is whole, that its metadata asks for all that it imports, and
that command, SCons tool and CMake package are found as they are installed. That pip can fetch what the metadata asks
for is shown by `./dev setup`, which has done so.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from cmake_project import SYSTEM_PATH
from packages import PART, classifier
from test_house import PACKAGE, ROOT, name_of, project_files

import tvm_stm32

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
CMAKE_PROJECT = """\
cmake_minimum_required(VERSION 3.16)
project(application C)
find_package(TvmStm32 CONFIG REQUIRED)
tvm_stm32_add_model(kws MODEL kws.tflite)
"""
SCONSTRUCT = """\
DefaultEnvironment(tools=[])
tools = dict(tools=["default", "tvm_stm32"], toolpath=[PyPackageDir("tvm_stm32").dir])
env = Environment(**tools, TVM_STM32_PART="{part}", CCFLAGS=["-g3"])
env.TvmCMakePackage("dist", env.TvmModel("kws", "kws.tflite", API=["x-cube-ai"]))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment with the wheel in it, and the wheel."""

    environment: Path
    wheel: Path

    @property
    def package(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.environment)})) / "tvm_stm32"

    def run(self, folder: Path, *command: str) -> str:
        """Run a command in `folder` with the environment active; it must work. Returns what it printed."""
        path = os.pathsep.join([str(self.environment / "bin"), os.environ["PATH"]])
        return run(folder, *command, PATH=path, VIRTUAL_ENV=str(self.environment))


def run(folder: Path, *command: str, process: Mapping[str, Any] | None = None, **variables: str) -> str:
    """Run a command that must work; returns what it printed. `process` are keywords of ``subprocess.run``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CMAKE", "CC"))}
    options = {"umask": 0o022, **(process or {})}
    done = subprocess.run(
        command, cwd=folder, env=kept | variables, capture_output=True, text=True, timeout=300, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("wheel")
    for file in project_files():
        if file.is_relative_to(PACKAGE) or name_of(file).split("/")[0] in ("cmake", "LICENSE", "README.md"):
            (root / "sources" / name_of(file)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, root / "sources" / name_of(file))
    shutil.copy(ROOT / "pyproject.toml", root / "sources")
    build = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir",
        str(root),
        str(root / "sources"),
    ]
    subprocess.run([*PIP, *build], check=True, timeout=300)
    (wheel,) = root.glob("*.whl")
    installed = Installed(root / "an environment", wheel)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", installed.environment], check=True, timeout=120)
    install = ["--python", str(installed.environment / "bin/python"), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*PIP, *install], check=True, timeout=300)
    (installed.package.parent / "lent.pth").write_text(sysconfig.get_path("purelib") + os.linesep)
    shutil.rmtree(root / "sources")
    return installed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder, with a model."""
    (tmp_path / "kws.tflite").write_bytes(classifier())
    return tmp_path


@dataclass(frozen=True, slots=True)
class Somebody:
    """Another person, in another country, with this checkout and the same project in another place.

    Another user of the system too, where the tests are root's and others may read the checkout.
    """

    place: Path
    python: str
    process: Mapping[str, Any]

    def run(self, *command: str) -> str:
        """Run a command there; see `run`."""
        path = os.pathsep.join([str(Path(self.python).parent), SYSTEM_PATH])
        variables = {"HOME": str(self.place), "USER": "somebody", "LOGNAME": "somebody", "TZ": "Pacific/Auckland"}
        variables |= {"LANG": "tr_TR.UTF-8", "SOURCE_DATE_EPOCH": "1000000000", "PATH": path}
        return run(self.place, *command, process={"umask": 0o077, **self.process}, **variables)


def open_to_all(path: Path) -> bool:
    """Whether others may read and run it."""
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (path, *path.parents))


@pytest.fixture
def somebody(folder: Path) -> Iterator[Somebody]:
    """Has the project in a folder of his own: pytest's are closed to others."""
    base, process, lent = sys.executable, {}, [ROOT, Path(sysconfig.get_path("purelib"))]
    system = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path=os.defpath) or base
    readable = [str(path) for path in (Path(base).resolve(), Path(system).resolve()) if open_to_all(path)]
    if os.geteuid() == 0 and readable and all(map(open_to_all, lent)):
        base, process = readable[0], {"user": 65534, "group": 65534, "extra_groups": []}
    with tempfile.TemporaryDirectory() as top:
        place = Path(top) / "somebody else's" / "project"
        environment = place.parent / "environment"
        place.mkdir(parents=True)
        subprocess.run([base, "-m", "venv", "--without-pip", environment], check=True, timeout=120)
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
        (packages / "lent.pth").write_text("".join(f"{path}\n" for path in lent))
        shutil.copy(folder / "kws.tflite", place)
        for path in (place.parent, place.parents[1]):
            path.chmod(0o755)
        if process:
            os.chown(place, process["user"], process["group"])
        yield Somebody(place, str(environment / "bin" / "python"), process)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_wheel_has_each_file_of_the_package_and_no_other(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        found = [name for name in wheel.namelist() if ".dist-info/" not in name]
    wanted = {name_of(file) for file in project_files() if file.is_relative_to(PACKAGE)}
    data = f"tvm_stm32-{tvm_stm32.__version__}.data/data/share/TvmStm32"
    wanted |= {f"{data}/{name_of(file)}" for file in project_files() if name_of(file).startswith("cmake/")}
    assert sorted(found) == sorted(wanted)


def test_metadata_asks_for_all_that_is_imported(installed: Installed) -> None:
    """What a module brings that is named nowhere would be missing in somebody's environment one day."""
    (information,) = installed.package.parent.glob("tvm_stm32-*.dist-info")
    requires = metadata.PathDistribution(information).requires or []
    named = {text: normal(re.split(r"[=<>;\s]", text)[0]) for text in requires}
    asked = {name for text, name in named.items() if "extra ==" not in text}
    optional = {name for text, name in named.items() if "extra ==" in text and "test" not in text.split(";")[1]}
    assert "apache-tvm" in asked
    providers = metadata.packages_distributions()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for module in {name.partition(".")[0] for name in names} - {"tvm_stm32", *sys.stdlib_module_names}:
                found = {normal(name) for name in providers.get(module, [])} & asked or {module} & optional  # not here
                assert found, f"{file} imports {module}"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_command(installed: Installed, folder: Path) -> None:
    """The doctor reads the metadata of what is installed, and its interpreter's packages."""
    said = installed.run(folder, "tvm-stm32", "doctor")
    assert said.startswith(f"tvm-stm32 {tvm_stm32.__version__}, Python ")
    assert f" ({installed.environment / 'bin/python'})\n" in said
    assert "compile a model to C: yes\n  ok  apache-tvm " in said


def test_cmake_package(installed: Installed, folder: Path, somebody: Somebody) -> None:
    prefix = installed.environment
    # Arm's own ar notes dates and owners unless it is told otherwise
    dating = somebody.place.parent / "arm-none-eabi-ar"
    dating.write_text(f'#!/bin/sh\noptions=$1; shift\nexec {shutil.which("arm-none-eabi-ar")} "${{options}}U" "$@"\n')
    dating.chmod(0o755)

    def configure(place: Path, cmake: Path, *definitions: str) -> list[str]:
        (place / "CMakeLists.txt").write_text(CMAKE_PROJECT)
        toolchain = cmake / "toolchains/arm-none-eabi.cmake"
        machine = [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", f"-DTVM_STM32_PART={PART}", f"-DCMAKE_AR={dating}"]
        return ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", *machine, *definitions]

    build = ("cmake", "--build", "build")
    installed.run(folder, *configure(folder, prefix / "share/TvmStm32/cmake", f"-DCMAKE_PREFIX_PATH={prefix}"))
    cache = (folder / "build/CMakeCache.txt").read_text()
    assert f"TvmStm32_DIR:PATH={prefix / 'share/TvmStm32/cmake'}\n" in cache
    assert f"TVM_STM32_PYTHON:FILEPATH={prefix / 'bin'}/python" in cache
    installed.run(folder, *build)

    tool = (f"-DTvmStm32_DIR={ROOT / 'cmake'}", f"-DTVM_STM32_PYTHON={somebody.python}")
    somebody.run(*configure(somebody.place, ROOT / "cmake", *tool))
    somebody.run(*build)
    library = (folder / "build/libkws.a").read_bytes()
    assert b".debug_line" in library
    assert str(folder).encode() not in library
    package = ("-m", "tvm_stm32", "cmake-package", "build/kws", "--library", "build/libkws.a", "-o", "dist")
    installed.run(folder, "python", *package)
    somebody.run(somebody.python, *package)
    for made in ("build/kws", "dist"):
        assert contents(somebody.place / made) == contents(folder / made)
    assert (somebody.place / "build/libkws.a").read_bytes() == library


def test_scons_tool(installed: Installed, folder: Path, somebody: Somebody) -> None:
    for place in (folder, somebody.place):
        (place / "SConstruct").write_text(SCONSTRUCT.format(part=PART))
    assert "PACKAGE kws in dist\n" in installed.run(folder, "python", "-m", "SCons", "-Q")
    somebody.run(somebody.python, "-m", "SCons", "-Q")
    assert (somebody.place / "dist").stat().st_uid == somebody.process.get("user", os.geteuid())
    dist = contents(folder / "dist")
    assert b".debug_line" in dist["lib/libkws.a"]
    assert str(folder).encode() not in dist["lib/libkws.a"]
    assert contents(somebody.place / "dist") == dist
    assert "include/kws/api/x_cube_ai/ai_platform.h" in dist
