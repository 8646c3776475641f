# SPDX-License-Identifier: Apache-2.0
"""What the templates of this layer ask of a model."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.manifest import activations_size
from tvm_stm32.codegen.parameters import parameter_bytes
from tvm_stm32.errors import SettingsError

#: bytes; of each memory, whose size is a multiple of it
MEMORY_ALIGNMENT = 64
#: bytes; of each placeholder in the mutable memory
PLACEHOLDER_ALIGNMENT = 8


@dataclass(frozen=True, slots=True)
class Placeholder:
    """An input or output in the mutable memory."""

    name: str  # with "_" for what C does not allow
    offset: int  # bytes
    elements: int
    text: str  # type and shape, for a reader


class Interface(Protocol):
    """An input or output, as a compiled model or a manifest has it."""

    @property
    def name(self) -> str:
        """As in the model file."""

    @property
    def dtype(self) -> str:
        """Such as "int8"."""

    @property
    def shape(self) -> Sequence[int]:
        """Elements by axis."""

    @property
    def size(self) -> int:
        """Bytes."""


def context(model: CompiledModel) -> dict[str, Any]:
    """Placeholders, sizes of the three memories, and the bytes of the constant one.

    Raises:
        SettingsError: two inputs or outputs get the same name.
    """
    tensors = [model.tensor(c_name) for c_name in (*model.inputs, *model.outputs)]
    placeholders, end = placeholders_of(tensors, model.source)
    constants = _constants(model)
    return {
        "placeholders": placeholders,
        "memory_alignment": MEMORY_ALIGNMENT,
        "placeholder_alignment": PLACEHOLDER_ALIGNMENT,
        "sizes": {
            "constant": len(constants),
            "mutable": rounded(end, MEMORY_ALIGNMENT),
            "activations": rounded(activations_size(model), MEMORY_ALIGNMENT),
        },
        "weights": constants,
    }


def placeholders_of(tensors: Sequence[Interface], source: str) -> tuple[list[Placeholder], int]:
    """The placeholders of inputs and outputs, one after the other, and where the last one ends.

    Raises:
        SettingsError: two of the model file `source` get the same name.
    """
    placeholders: list[Placeholder] = []
    end = 0
    for tensor in tensors:
        name = re.sub(r"[^A-Za-z0-9_]", "_", tensor.name)
        if any(name == other.name for other in placeholders):
            what = f"two inputs or outputs of {source} would both be called {name}"
            raise SettingsError(what, "--api glow", "give them names that differ in letters or digits")
        text = f"{tensor.dtype} {'x'.join(map(str, tensor.shape))}".rstrip()
        placeholders.append(Placeholder(name, end, math.prod(tensor.shape), text))
        end += rounded(tensor.size, PLACEHOLDER_ALIGNMENT)
    return placeholders, end


def _constants(model: CompiledModel) -> bytes:
    """``struct <model>_parameters`` as it is in the memory of a little-endian machine; at least one block."""
    content = parameter_bytes(model.parameters)
    return content.ljust(rounded(max(1, len(content)), MEMORY_ALIGNMENT), b"\0")


def rounded(size: int, alignment: int) -> int:
    """`size` bytes up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment
