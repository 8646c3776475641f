# SPDX-License-Identifier: Apache-2.0
"""The Python packages that this one needs, against what this interpreter has."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
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


def requirements() -> dict[str, str]:
    """Package -> version that this package was tested with and is pinned to.

    Raises:
        ToolError: this copy of the package is neither in a checkout nor installed.
    """
    project = _CHECKOUT / "pyproject.toml"
    try:
        if project.is_file():  # a checkout, whatever may be installed besides
            texts = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
        else:
            texts = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise ToolError(
            "this copy of tvm-stm32 does not say what it needs", str(_CHECKOUT), "install it with pip"
        ) from error
    pins = (re.fullmatch(r"([\w.-]+)==([\w.]+)", text.replace(" ", "")) for text in texts if ";" not in text)
    return {pin[1]: pin[2] for pin in pins if pin}


def examine_packages() -> list[Finding]:
    """Each required package of this interpreter."""
    return [_examine(name, version) for name, version in requirements().items()]


def _examine(name: str, wanted: str) -> Finding:
    purpose = _PURPOSES.get(name, Purpose.GENERATE)
    hint = f"{shlex.quote(sys.executable)} -m pip install {name}=={wanted}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, purpose, problem="is not installed", hint=hint)
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
