# SPDX-License-Identifier: Apache-2.0
"""What templates ask of a model, beyond what `CompiledModel` holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tvm_stm32.codegen import c_text
from tvm_stm32.codegen.compiled_model import Call, CompiledModel, CompiledTensor, Kernel
from tvm_stm32.codegen.manifest import activations_size
from tvm_stm32.codegen.parameters import PARAMETER_ALIGNMENT, parameter_offsets
from tvm_stm32.codegen.pool_view import PoolView, read_groups, touched_pools


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output as the templates see it."""

    role: str  # "input" or "output"
    index: int  # among the inputs, or among the outputs
    slot: int  # among the tensors of an instance: inputs, then outputs
    tensor: CompiledTensor

    @property
    def label(self) -> str:
        """The middle of its C names, such as ``input_0``."""
        return f"{self.role}_{self.index}"


class View:
    """Questions that the templates ask of a model."""

    def __init__(self, model: CompiledModel) -> None:
        self.ports = [
            Port(role, index, slot, model.tensor(name))
            for slot, (role, index, name) in enumerate(
                [("input", index, name) for index, name in enumerate(model.inputs)]
                + [("output", index, name) for index, name in enumerate(model.outputs)]
            )
        ]
        self.activations_size = activations_size(model)
        self.parameters = [parameter for parameter in model.parameters if not parameter.pool]
        self.parameters_size = parameter_offsets(self.parameters)[-1]
        self.parameter_alignment = PARAMETER_ALIGNMENT
        self.tools = ", ".join(f"{tool} {version}" for tool, version in sorted(model.versions.items()))
        self._tensors = {tensor.c_name: tensor for tensor in model.tensors}
        self._kernels = {kernel.c_name: kernel for kernel in model.kernels}
        arguments = [argument for call in model.calls for argument in call.arguments]
        used = {argument.name for argument in arguments if argument.kind == "tensor"}
        self.used_tensors = [tensor for tensor in model.tensors if tensor.c_name in used]
        named = {port.tensor.c_name for port in self.ports}
        self.used_ports = [port for port in self.ports if port.tensor.c_name in used]
        in_arena = used - named
        self.uses_arena = "activations" in touched_pools(model)
        self._introduced = _first_uses(model.calls, in_arena)
        self.uses_parameters = "" in read_groups(model)
        self.pools = PoolView(model) if model.pools else None
        self.uses_math = any(
            p.dtype == "float32" and not np.isfinite(c_text.elements(p.values, p.dtype)).all() for p in model.parameters
        )

    def kernel(self, call: Call) -> Kernel:
        """The kernel that `call` runs."""
        return self._kernels[call.kernel]

    def bytes_at(self, pool: str, offset: int) -> str:
        """The C expression for byte `offset` of a pool of working memory."""
        return f"arena{'' if pool == 'activations' else '_' + pool}[{offset}]"

    def member(self, parameter: str) -> str:
        """The C expression for a parameter in a run function."""
        return f"p{self.pools.suffix(parameter) if self.pools else ''}->{parameter}"

    def introduced(self, index: int) -> list[CompiledTensor]:
        """The tensors inside the arena that call `index` is the first to use."""
        return [self._tensors[name] for name in self._introduced[index]]

    def flow(self, call: Call) -> str:
        """Types and shapes of what `call` reads and writes: "int8 1x8x8x3 -> int8 1x4x4x8"."""
        reads, writes = (", ".join(map(shape_text, tensors)) for tensors in (self.reads(call), self.writes(call)))
        return f"{reads} -> {writes}"

    def reads(self, call: Call) -> list[CompiledTensor]:
        """The tensors that `call` reads."""
        return self._arguments(call, const=True)

    def writes(self, call: Call) -> list[CompiledTensor]:
        """The tensors that `call` writes."""
        return self._arguments(call, const=False)

    def _arguments(self, call: Call, const: bool) -> list[CompiledTensor]:
        pairs = zip(call.arguments, self.kernel(call).parameters, strict=True)
        return [self._tensors[a.name] for a, parameter in pairs if a.kind == "tensor" and parameter.const == const]


def _first_uses(calls: Sequence[Call], names: set[str]) -> list[list[str]]:
    """For each call the tensors among `names` that no earlier call uses, in the order of its arguments."""
    seen: set[str] = set()
    uses = []
    for call in calls:
        arguments = (argument.name for argument in call.arguments if argument.kind == "tensor")
        uses.append([name for name in dict.fromkeys(arguments) if name in names - seen])
        seen.update(uses[-1])
    return uses


def shape_text(tensor: CompiledTensor) -> str:
    """Type and shape for a reader: "int8 1x8x8x3"; a scalar is its type alone."""
    return " ".join(filter(None, (tensor.dtype, "x".join(map(str, tensor.shape)))))


def element_counts(tensors: Sequence[CompiledTensor]) -> list[int]:
    """Elements of each."""
    return [math.prod(tensor.shape) for tensor in tensors]
