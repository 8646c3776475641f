# SPDX-License-Identifier: Apache-2.0
"""A `CompiledModel` as files: C from the templates beside this file, the manifest, and the runtime that ships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tvm_stm32.codegen.artifacts import (
    ACCELERATOR_FILES,
    POOL_FILES,
    RUNTIME_FILES,
    linker_fragment,
    weights_binary,
)
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.environment import c_environment
from tvm_stm32.codegen.linker_fragment import arrays, constants, render_fragment
from tvm_stm32.codegen.manifest import encode_manifest, manifest
from tvm_stm32.codegen.operator_codes import operator_code
from tvm_stm32.codegen.view import View

#: TVM_AI_API_VERSION that the generated code is written for
API_VERSION = 1

_RUNTIME = Path(__file__).resolve().parents[1] / "runtime"
_NO_FILES: Mapping[str, bytes] = MappingProxyType({})


def template_context(model: CompiledModel) -> dict[str, Any]:
    """What every template knows of `model`."""
    name = model.settings.name
    return {"model": model, "name": name, "NAME": name.upper(), "view": View(model), "api_version": API_VERSION}


def emit(model: CompiledModel, layers: Mapping[str, bytes] = _NO_FILES) -> dict[str, bytes]:
    """Every file of `model` by name, in the order of `artifact_names`; the same model gives the same bytes.

    Args:
        model: the model.
        layers: the files of other interfaces than the native one; they come last.
    """
    name = model.settings.name
    templates = {
        f"{name}.h": "model.h.j2",
        f"{name}.c": "model.c.j2",
        f"{name}_kernels.c": "kernels.c.j2",
        f"{name}_weights.c": "weights.c.j2",
    }
    observed = {f"{name}_observed.h": "observed.h.j2", f"{name}_observed.c": "observed.c.j2"}
    pooled = {f"{name}_places.h": "places.h.j2", f"{name}_places.c": "places.c.j2"}
    accelerated = {f"{name}_accelerated.h": "accelerated.h.j2", f"{name}_accelerated.c": "accelerated.c.j2"}
    environment = c_environment()
    context = template_context(model) | {"operator_code": operator_code}
    pools = context["view"].pools

    def render(files: Mapping[str, str]) -> dict[str, bytes]:
        return {
            file: environment.get_template(template).render(context).encode("ascii") for file, template in files.items()
        }

    def copy(files: Mapping[str, str]) -> dict[str, bytes]:
        return {file: (_RUNTIME / path).read_bytes() for file, path in files.items()}

    document = manifest(model, list(layers))
    placed = {}
    if pools:
        fragment = render_fragment(name, pools.titles(), [*arrays(document), *constants(document)])
        placed = {linker_fragment(name): fragment.encode("ascii"), weights_binary(name): pools.unlinked()}
    return (
        render(templates)
        | {f"{name}.json": encode_manifest(document)}
        | copy(RUNTIME_FILES)
        | (render(observed) if model.settings.observer else {})
        | (render(accelerated) | copy(ACCELERATOR_FILES) if model.settings.accelerator else {})
        | (copy(POOL_FILES) | render(pooled) | placed if pools else {})
        | dict(layers)
    )
