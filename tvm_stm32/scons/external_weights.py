# SPDX-License-Identifier: Apache-2.0
"""The files that an .onnx file keeps its weights in, as dependencies: a change of theirs is one of the model."""

from __future__ import annotations

from typing import Any

from SCons.Scanner import Base as Scanner

from tvm_stm32.model.external_weights import external_names


def original(model: Any) -> Any:
    """The node of a model, and in a variant folder, unless it is built there, the one that it is a duplicate of.

    The onnx package refuses to read weights from a file that has hard links, which SCons' duplicates are. So the
    original is read, and weights beside it are not duplicated.
    """
    return model if model.is_derived() else model.srcnode()


def _scan(node: Any, env: Any, path: Any = ()) -> list[Any]:  # noqa: ARG001 - as SCons calls it
    if not node.name.endswith(".onnx") or not node.rexists():
        return []
    files = [original(node).dir.File(name) for name in external_names(node.get_contents())]
    return [file for file in files if file.rexists()]


SCANNER = Scanner(_scan, name="TvmModelScanner")
