# SPDX-License-Identifier: Apache-2.0
"""Runs this package as a command: ``$TVM_STM32_PYTHON -m tvm_stm32 <verb> ...`` in a process of its own.

A command line rather than a Python function, so that ``-j`` is real, SCons prints and signs what runs, and neither
reading an SConstruct nor a build with nothing to do imports a compiler.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from SCons.Action import Action

PACKAGE = Path(__file__).resolve().parents[1]

#: Parts of the package that have no say in what it generates.
_BESIDE = ("check", "doctor", "emulator", "project", "report", "scons")
#: Distributions whose version shapes the generated C.
_COMPILER = ("apache-tvm", "modm-devices", "onnx")
#: And that of programs of PyTorch. Archives may hold one.
_PYTORCH = ("onnxscript", "torch")
_PYTORCH_FILES = (".pt2", ".tar")

#: How a verb is run. What is between $( and $) is not signed: another interpreter at another path makes the same files.
COMMAND = "$( $TVM_STM32_PYTHON $) -P -m tvm_stm32"

#: Construction variables of a command whose program is no dependency of what it makes, which SCons need not look for.
UNNAMED_PROGRAM = {"IMPLICIT_COMMAND_DEPENDENCIES": False}


@cache
def digest(pytorch: bool = False) -> str:
    """SHA-256 of the generator: its own files, by name and content, and the versions of the packages it works with.

    It is a dependency of everything generated: a new version of the generator generates anew.

    Args:
        pytorch: with the packages that read programs of PyTorch.
    """
    sha = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE)
        if path.is_file() and name.parts[0] not in _BESIDE and path.suffix != ".pyc":
            sha.update(f"{name.as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    for distribution in _COMPILER + (_PYTORCH if pytorch else ()):
        sha.update(f"{distribution} {_version(distribution)}\0".encode())
    return sha.hexdigest()


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:  # $TVM_STM32_PYTHON may be another interpreter, which has it
        return "unknown"


def shell_environment(env: Any, target: Any, source: Any, shell_env: dict[str, str]) -> dict[str, str]:  # noqa: ARG001
    """The process environment of a verb: `shell_env` in which Python finds this very copy of the package first.

    One of SCons' ``SHELL_ENV_GENERATORS``. An installed copy, which has its metadata beside it, is left to the
    interpreter: that may be another one, and must not meet packages built for this one.
    """
    if any(PACKAGE.parent.glob("tvm_stm32-*.dist-info")):
        return shell_env
    path = [str(PACKAGE.parent), *filter(None, [shell_env.get("PYTHONPATH")])]
    return {**shell_env, "PYTHONPATH": os.pathsep.join(path)}


def action(variable: str) -> Any:
    """The command ``$<variable>COM``, shown as ``$<variable>COMSTR``."""
    return Action(f"${variable}COM", f"${variable}COMSTR")


def run(env: Any, targets: Any, sources: Any, variable: str, **variables: Any) -> list[Any]:
    """Nodes for `targets`, made of `sources` by the `action` of `variable`, which runs this package.

    They depend on the generator, and stay when the action fails. `variables` are construction variables for it alone,
    or keywords of ``env.Command``.
    """
    generators = [*env.get("SHELL_ENV_GENERATORS", []), shell_environment]
    variables |= UNNAMED_PROGRAM | {"SHELL_ENV_GENERATORS": generators}
    nodes = env.Command(targets, sources, action(variable), **variables)
    pytorch = any(str(source).lower().endswith(_PYTORCH_FILES) for source in env.arg2nodes(sources))
    env.Depends(nodes, env.Value(digest(pytorch)))
    env.Precious(nodes)
    return list(nodes)
