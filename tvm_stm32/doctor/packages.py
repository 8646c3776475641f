# SPDX-License-Identifier: Apache-2.0
"""The Python packages that this one needs, against what this interpreter has."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tvm_stm32.doctor.finding import Finding, Purpose
from tvm_stm32.errors import ToolError

_DISTRIBUTION = "tvm-stm32"
_CHECKOUT = Path(__file__).resolve().parents[2]
#: The one that is imported to see whether it works: it brings shared libraries of its own.
_COMPILER = "apache-tvm"
_TIME_LIMIT = 120  #: seconds for that import
_PURPOSES = {"scons": Purpose.SCONS}
_EXTRAS = {
    "board": Purpose.BOARD,
    "emulate": Purpose.EMULATE,
    "torch": Purpose.TORCH,
    "validate": Purpose.VALIDATE,
}
_TESTS = "test"  #: the extra that only a checkout's tests need
_REQUIREMENT = re.compile(r"([\w.-]+)==([\w.]+)(?:;extra==[\"'](\w+)[\"'])?")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package at the version that this one was tested with; `extra` is empty for what is always needed."""

    name: str
    version: str
    extra: str = ""


def requirements() -> list[Requirement]:
    """What this package needs, and what its extras do.

    Raises:
        ToolError: this copy of the package is neither in a checkout nor installed.
    """
    project = _CHECKOUT / "pyproject.toml"
    try:
        if project.is_file():  # a checkout, whatever may be installed besides
            content = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
            texts = list(content["dependencies"])
            for extra, names in content["optional-dependencies"].items():
                texts += [f"{name}; extra == '{extra}'" for name in names]
        else:
            texts = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise ToolError(
            "this copy of tvm-stm32 does not say what it needs", str(_CHECKOUT), "install it with pip"
        ) from error
    found = (_REQUIREMENT.fullmatch(text.replace(" ", "")) for text in texts)
    every = [Requirement(match[1], match[2], match[3] or "") for match in found if match]
    return [requirement for requirement in every if requirement.extra != _TESTS]


def examine_packages() -> list[Finding]:
    """Each required package of this interpreter, and those of the extras."""
    return [_examine(requirement) for requirement in requirements()]


def _examine(requirement: Requirement) -> Finding:
    name, wanted, extra = requirement.name, requirement.version, requirement.extra
    purpose = _EXTRAS.get(extra) or _PURPOSES.get(name, Purpose.GENERATE)
    asked = shlex.quote(f"{_DISTRIBUTION}[{extra}]") if extra else f"{name}=={wanted}"
    hint = f"{shlex.quote(sys.executable)} -m pip install {asked}"
    try:
        version = metadata.version(name).partition("+")[0]  # without the word for how a package was built
    except metadata.PackageNotFoundError:
        problem = f"is not installed (extra {extra})" if extra else "is not installed"
        return Finding(name, purpose, problem=problem, hint=hint)
    problem = "" if version == wanted else f"must be {wanted}"
    if name == _COMPILER and not problem:
        problem = _import_problem()
    return Finding(name, purpose, version, problem=problem, hint=hint if problem else "")


def _import_problem() -> str:
    """Why TVM cannot be imported, tried in a process of its own: it may end by a signal. Empty where it can."""
    command = [sys.executable, "-P", "-c", "import tvm, tvm.tirx"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False, env=dict(os.environ)
        )
    except subprocess.TimeoutExpired:
        return f"is not imported within {_TIME_LIMIT} seconds"
    if done.returncode == 0:
        return ""
    said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return f"cannot be imported: {said}"
