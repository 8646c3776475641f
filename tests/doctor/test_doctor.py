# SPDX-License-Identifier: Apache-2.0
"""`tvm-stm32 doctor` here, with a bare PATH, and where what it finds is unfit."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tvm_stm32.cli import main
from tvm_stm32.doctor import packages
from tvm_stm32.doctor.finding import IN_WORDS, Finding, Purpose, is_served
from tvm_stm32.doctor.packages import Requirement

Monkey = pytest.MonkeyPatch


def doctor(path: str | None = None, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tvm_stm32", "doctor", *options]
    root = str(Path(packages.__file__).parents[2])
    environment = {"PATH": path, "PYTHONPATH": root} if path is not None else None
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


def findings(document: dict[str, Any]) -> dict[str, Finding]:
    return {found.name: found for found in msgspec.convert(document["findings"], list[Finding])}


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def quick(monkeypatch: Monkey) -> None:
    """TVM was imported by another test."""
    monkeypatch.setattr(packages, "_import_problem", lambda: "")


def test_where_all_that_dev_installs_is_there() -> None:
    done = doctor()
    assert (done.returncode, done.stderr) == (0, "")
    assert "compile a model to C: yes\n  ok  apache-tvm " in done.stdout
    for purpose in Purpose:
        if purpose not in (Purpose.BOARD, Purpose.TORCH):  # extras that may be left out
            assert f"{IN_WORDS[purpose]}: yes\n" in done.stdout
    assert f"  ok  scons {metadata.version('scons')}\n" in done.stdout


def test_with_a_bare_path(tmp_path: Path) -> None:
    done = doctor(str(tmp_path), "--json")
    assert (done.returncode, done.stderr) == (1, "")
    document = json.loads(done.stdout)
    assert document["ready"] is False
    able = {purpose for purpose, able in document["able"].items() if able}
    # extras that may be left out; Unicorn emulates and counts without any program
    assert able - {"board", "torch"} == {"generate", "scons", "validate", "emulate", "count"}
    found = findings(document)
    assert found["apache-tvm"].version == metadata.version("apache-tvm")
    assert found["C compiler for Arm"].problem == "arm-none-eabi-gcc is not in PATH"
    assert found["C compiler for Arm"].hint.startswith("apt-get install gcc-arm-none-eabi ")
    assert all(finding.hint for finding in found.values() if not finding.good)
    assert not any(finding.hint for finding in found.values() if finding.good)


@pytest.mark.usefixtures("quick")
def test_text_says_what_to_do(tmp_path: Path, monkeypatch: Monkey, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "build its library for an STM32: NO\n" in printed
    unicorn = f"  ok  unicorn {metadata.version('unicorn')}\n"
    missing = "  --  QEMU: qemu-system-arm is not in PATH\n        apt-get install qemu-system-arm\n"
    assert f"run firmware on an emulated board: yes\n{unicorn}{missing}" in printed


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "script", "finding", "problem"),
    [
        ("arm-none-eabi-gcc", "echo 8.3.1", "C compiler for Arm", "must be 9 or later"),
        (
            "arm-none-eabi-gcc",
            'for word; do :; done; [ "$word" = --version ] && echo 12.2.1 || echo libc_nano.a',
            "C compiler for Arm",
            "has no C library for Cortex-M4, newlib-nano",
        ),
        ("cmake", "echo cmake version 3.10.2", "CMake", "must be 3.16 or later"),
        ("qemu-system-arm", "exit 1", "QEMU", "does not tell its version"),
    ],
)
def test_programs_that_do_not_do(
    tmp_path: Path,
    monkeypatch: Monkey,
    capsys: pytest.CaptureFixture[str],
    name: str,
    script: str,
    finding: str,
    problem: str,
) -> None:
    program(tmp_path, name, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor", "--json"]) == 1
    found = findings(json.loads(capsys.readouterr().out))[finding]
    assert (found.problem, found.place) == (problem, str(tmp_path / name))


@pytest.mark.usefixtures("quick")
def test_packages_of_another_version_or_missing(monkeypatch: Monkey) -> None:
    needed = [Requirement("jinja2", "0.1"), Requirement("no-such-package", "1.0"), Requirement("none", "2.0", "board")]
    monkeypatch.setattr(packages, "requirements", lambda: needed)
    wrong, missing, extra = packages.examine_packages()
    assert (wrong.version, wrong.problem) == (metadata.version("jinja2"), "must be 0.1")
    assert wrong.hint.endswith("-m pip install jinja2==0.1")
    assert (missing.version, missing.problem) == ("", "is not installed")
    assert extra.problem == "is not installed (extra board)"
    assert extra.hint.endswith("-m pip install 'tvm-stm32[board]'")


@pytest.mark.usefixtures("quick")
def test_how_a_package_was_built_is_no_part_of_its_version(monkeypatch: Monkey) -> None:
    monkeypatch.setattr(packages, "requirements", lambda: [Requirement("torch", "2.13.0", "torch")])
    monkeypatch.setattr(packages.metadata, "version", lambda _: "2.13.0+cpu")
    (found,) = packages.examine_packages()
    assert (found.purpose, found.version, found.good) == (Purpose.TORCH, "2.13.0", True)


@pytest.mark.parametrize(
    ("there", "emulates", "counts"),
    [
        ("", False, False),
        ("unicorn", True, True),
        ("QEMU", True, False),
        ("C compiler for this machine", False, False),
        ("QEMU, C compiler for this machine", True, True),
    ],
)
def test_either_emulator_does(there: str, emulates: bool, counts: bool) -> None:
    purposes = {"unicorn": Purpose.EMULATE, "QEMU": Purpose.EMULATE, "C compiler for this machine": Purpose.COUNT}
    found = [
        Finding(name, purpose, problem="" if name in there.split(", ") else "is missing")
        for name, purpose in purposes.items()
    ]
    assert (is_served(Purpose.EMULATE, found), is_served(Purpose.COUNT, found)) == (emulates, counts)


def test_requirements_are_those_of_the_project(repository: Path) -> None:
    needed = {requirement.name: requirement for requirement in packages.requirements()}
    assert needed["onnxruntime"].extra == "validate"
    assert needed["apache-tvm-ffi"] == Requirement("apache-tvm-ffi", "0.1.14.post1")
    assert needed["pyocd"].extra == "board"
    assert needed["unicorn"].extra == "emulate"
    assert "pytest" not in needed
    always = (repository / "pyproject.toml").read_text().split("[project.optional-dependencies]")[0]
    assert sum(not requirement.extra for requirement in needed.values()) == always.count("==")


def test_tvm_that_cannot_be_imported(monkeypatch: Monkey, tmp_path: Path) -> None:
    (tmp_path / "tvm.py").write_text("raise OSError('libtvm.so is for another machine')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert packages._import_problem() == "cannot be imported: OSError: libtvm.so is for another machine"
