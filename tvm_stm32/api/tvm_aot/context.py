# SPDX-License-Identifier: Apache-2.0
"""What the templates of this layer ask of a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.manifest import activations_size
from tvm_stm32.codegen.naming import RESERVED
from tvm_stm32.codegen.parameters import parameter_bytes
from tvm_stm32.errors import SettingsError

#: bytes; clients take the workspace from an allocator that hands out multiples of it
CLIENT_ALIGNMENT = 16


def context(model: CompiledModel) -> dict[str, Any]:
    """Members of the structures, and the size of a workspace that need not be aligned.

    Raises:
        SettingsError: two inputs, or two outputs, get the same member.
    """
    inputs = _members(model, model.inputs, "inputs")
    outputs = _members(model, model.outputs, "outputs")
    return {
        "inputs": inputs,
        "outputs": outputs,
        "short_names": _short_names(outputs),
        "workspace_size": -(-activations_size(model) // CLIENT_ALIGNMENT) * CLIENT_ALIGNMENT + CLIENT_ALIGNMENT,
        "mapped": {
            "inputs": all(model.tensor(name).pool == "activations" for name in model.inputs),
            "outputs": all(model.tensor(name).pool == "activations" for name in model.outputs),
        },
        "functions": model.kernels,
        "constants": parameter_bytes(model.parameters),
    }


def _members(model: CompiledModel, tensors: Sequence[str], role: str) -> list[str]:
    """The member of each tensor: its name, with ``_`` for what C does not allow."""
    members = [_identifier(model.tensor(tensor).name) for tensor in tensors]
    macros = [member.upper() for member in members]
    for member, macro in zip(members, macros, strict=True):
        if macros.count(macro) > 1:
            what = f"two {role} of {model.source} would both be called {member}"
            raise SettingsError(what, "--api tvm-aot", "give them names that differ in letters or digits")
    return members


def _identifier(name: str) -> str:
    member = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
    return f"_{member}" if member[0].isdigit() or member in RESERVED else member


def _short_names(outputs: Sequence[str]) -> list[str]:
    """What TVM calls outputs whose names its importer lost; empty where that is the name, or another's."""
    names = ["output"] if len(outputs) == 1 else [f"output{index}" for index in range(len(outputs))]
    return ["" if name in outputs else name for name in names]
