# SPDX-License-Identifier: Apache-2.0
"""The compiler in a process of its own: a crash or a hang inside TVM is one failed compile with a message.

The parent sends a `Request` as JSON on standard input; the child answers on standard output with a `CompiledModel` in
msgpack (exit status 0) or a `Refusal` in JSON (exit status 2). Anything else is a crash.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec

from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.errors import ModelError, ToolError, TvmStm32Error, missing_module

#: seconds; the largest model tried takes a few
TIME_LIMIT = 1800
_REFUSED = 2


class Request(msgspec.Struct):
    """What to compile."""

    path: str
    settings: Settings


class Refusal(msgspec.Struct):
    """A `TvmStm32Error` on its way to the parent."""

    what: str
    where: str
    hint: str


def compile_in_child(path: Path, settings: Settings) -> CompiledModel:
    """`compile_model` in a child process.

    Raises:
        ModelError: the compiler refused the model.
        ToolError: the compiler crashed or did not end.
    """
    environment = os.environ | {"PYTHONPATH": _python_path(), "PYTHONHASHSEED": "0"}
    try:
        child = subprocess.run(
            # -P: a file in the user's folder must not stand for a module of the same name
            [sys.executable, "-P", "-m", "tvm_stm32.codegen.child"],
            input=msgspec.json.encode(Request(str(path), settings)),
            capture_output=True,
            env=environment,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"the compiler did not end within {TIME_LIMIT} seconds", str(path)) from error
    if child.returncode == 0:
        try:
            return msgspec.msgpack.decode(child.stdout, type=CompiledModel)
        except msgspec.DecodeError as error:
            raise _fault(f"the compiler's answer cannot be read: {error}", path) from error
    if child.returncode == _REFUSED:
        refusal = msgspec.json.decode(child.stdout, type=Refusal)
        # what comes after the file is read knows its layers, and not its name
        of_layer = refusal.where.startswith("layer ")
        where = f"{path}, {refusal.where}" if of_layer else refusal.where or str(path)
        raise ModelError(refusal.what, where, refusal.hint)
    lines = child.stderr.decode(errors="replace").strip().splitlines()
    cause = f"signal {-child.returncode}" if child.returncode < 0 else f"exit status {child.returncode}"
    last = f": {lines[-1]}" if lines else ""
    raise _fault(f"the compiler stopped with {cause}{last}", path)


def _fault(what: str, path: Path) -> ToolError:
    return ToolError(
        what, str(path), "this is a fault of the compiler, not of the model: report it with the model file"
    )


def _python_path() -> str:
    """The child must find this package even where it was imported from a tool path."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return root if not inherited else f"{root}{os.pathsep}{inherited}"


@contextlib.contextmanager
def _without(module: str) -> Iterator[None]:
    """Imports of `module` fail. TVM's binding imports PyTorch where that is installed, and takes two seconds for it."""
    hidden = cast(dict[str, ModuleType | None], sys.modules)
    hidden[module] = None
    try:
        yield
    finally:
        del hidden[module]


def main() -> int:
    """Answer one request."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that TVM prints may reach the answer
    try:
        with _without("torch"):
            from tvm_stm32.codegen.compile import compile_model

        answer.write(msgspec.msgpack.encode(compile_model(Path(request.path), request.settings)))
    except (TvmStm32Error, ModuleNotFoundError) as error:
        refused = error if isinstance(error, TvmStm32Error) else missing_module(str(error.name))
        answer.write(msgspec.json.encode(Refusal(refused.what, refused.where, refused.hint)))
        return _REFUSED
    finally:
        answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
