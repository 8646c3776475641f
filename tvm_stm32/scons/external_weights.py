# SPDX-License-Identifier: Apache-2.0
"""Finds the files that an .onnx file keeps its weights in, so that a change of theirs is a change of the model.

An ONNX tensor may name a file beside the model (``TensorProto.external_data``, an entry with the key "location"). The
entry is looked for in the bytes as protobuf writes it, which spares a build with nothing to do the import of onnx.
"""

from __future__ import annotations

import re
from typing import Any

from SCons.Scanner import Base as Scanner

#: StringStringEntryProto: field 1, the key, "location"; field 2, the value, its length in one byte, and the value.
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])")


def original(model: Any) -> Any:
    """The node of a model, and in a variant folder, unless it is built there, the one that it is a duplicate of.

    The onnx package refuses to read weights from a file that has hard links, which SCons' duplicates are. So the
    original is read, and weights beside it are not duplicated.
    """
    return model if model.is_derived() else model.srcnode()


def _scan(node: Any, env: Any, path: Any = ()) -> list[Any]:  # noqa: ARG001 - as SCons calls it
    if not node.name.endswith(".onnx") or not node.rexists():
        return []
    content: bytes = node.get_contents()
    names = {
        content[found.end() : found.end() + found[1][0]].decode("utf-8", "replace")
        for found in _LOCATION.finditer(content)
    }
    files = [original(node).dir.File(name) for name in sorted(names) if name.isprintable()]
    return [file for file in files if file.rexists()]  # weights can hold any bytes


SCANNER = Scanner(_scan, name="TvmModelScanner")
