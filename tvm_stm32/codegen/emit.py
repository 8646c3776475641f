# SPDX-License-Identifier: Apache-2.0
"""A `CompiledModel` as files: C from the templates beside this file, the manifest, and the runtime that ships."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from tvm_stm32.codegen import c_text
from tvm_stm32.codegen.artifacts import RUNTIME_FILES
from tvm_stm32.codegen.compiled_model import Argument, Call, CompiledModel, CompiledTensor, Kernel
from tvm_stm32.codegen.manifest import activations_size, encode_manifest, manifest
from tvm_stm32.codegen.parameters import PARAMETER_ALIGNMENT, parameter_offsets

#: TVM_AI_API_VERSION that the generated code is written for
API_VERSION = 1

_RUNTIME = Path(__file__).resolve().parents[1] / "runtime"


@dataclass(frozen=True, slots=True)
class _Port:
    """An input or output as the templates see it."""

    role: str  # "input" or "output"
    index: int  # among the inputs, or among the outputs
    slot: int  # among the tensors of an instance: inputs, then outputs
    tensor: CompiledTensor

    @property
    def label(self) -> str:
        """The middle of its C names, such as ``input_0``."""
        return f"{self.role}_{self.index}"


class _View:
    """Questions that the templates ask of a model, beyond what it holds."""

    def __init__(self, model: CompiledModel) -> None:
        self.ports = [
            _Port(role, index, slot, model.tensor(name))
            for slot, (role, index, name) in enumerate(
                [("input", index, name) for index, name in enumerate(model.inputs)]
                + [("output", index, name) for index, name in enumerate(model.outputs)]
            )
        ]
        self.activations_size = activations_size(model)
        self.parameters_size = parameter_offsets(model.parameters)[-1]
        self.parameter_alignment = PARAMETER_ALIGNMENT
        self.tools = ", ".join(f"{tool} {version}" for tool, version in sorted(model.versions.items()))
        self._tensors = {tensor.c_name: tensor for tensor in model.tensors}
        self._kernels = {kernel.c_name: kernel for kernel in model.kernels}
        arguments = [argument for call in model.calls for argument in call.arguments]
        used = {argument.name for argument in arguments if argument.kind == "tensor"}
        named = {port.tensor.c_name for port in self.ports}
        self.used_ports = [port for port in self.ports if port.tensor.c_name in used]
        in_arena = used - named
        self.uses_arena = bool(in_arena) or any(argument.kind == "scratch" for argument in arguments)
        self._introduced = _first_uses(model.calls, in_arena)
        self.uses_parameters = any(argument.kind == "parameter" for argument in arguments)
        self.uses_math = any(
            p.dtype == "float32" and not np.isfinite(c_text.elements(p.values, p.dtype)).all() for p in model.parameters
        )

    def kernel(self, call: Call) -> Kernel:
        """The kernel that `call` runs."""
        return self._kernels[call.kernel]

    def introduced(self, index: int) -> list[CompiledTensor]:
        """The tensors inside the arena that call `index` is the first to use."""
        return [self._tensors[name] for name in self._introduced[index]]

    def flow(self, call: Call) -> str:
        """Types and shapes of what `call` reads and writes: "int8 1x8x8x3 -> int8 1x4x4x8"."""
        pairs = list(zip(call.arguments, self.kernel(call).parameters, strict=True))
        reads = [self._shape(a) for a, parameter in pairs if a.kind == "tensor" and parameter.const]
        writes = [self._shape(a) for a, parameter in pairs if a.kind == "tensor" and not parameter.const]
        return f"{', '.join(reads)} -> {', '.join(writes)}"

    def _shape(self, argument: Argument) -> str:
        return shape_text(self._tensors[argument.name])


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


def emit(model: CompiledModel) -> dict[str, bytes]:
    """Every file of `model` by name, in the order of `artifact_names`; the same model gives the same bytes."""
    name = model.settings.name
    templates = {
        f"{name}.h": "model.h.j2",
        f"{name}.c": "model.c.j2",
        f"{name}_kernels.c": "kernels.c.j2",
        f"{name}_weights.c": "weights.c.j2",
    }
    environment = _environment()
    context = {"model": model, "name": name, "NAME": name.upper(), "view": _View(model), "api_version": API_VERSION}
    files = {file: environment.get_template(template).render(context) for file, template in templates.items()}
    return (
        {file: text.encode("ascii") for file, text in files.items()}
        | {f"{name}.json": encode_manifest(manifest(model))}
        | {file: (_RUNTIME / path).read_bytes() for file, path in RUNTIME_FILES.items()}
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "comment": c_text.comment,
        "elements": c_text.elements,
        "float_literal": c_text.float_literal,
        "formatted": c_text.formatted,
        "initializer": c_text.initializer,
        "plain": c_text.plain,
        "shape_text": shape_text,
        "string_literal": c_text.string_literal,
        "wrapped": c_text.wrapped,
    }
    environment.globals["c_types"] = c_text.C_TYPES
    return environment
