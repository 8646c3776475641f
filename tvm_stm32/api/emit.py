# SPDX-License-Identifier: Apache-2.0
"""A `CompiledModel` as files, those of the chosen layers included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tvm_stm32.api.glow import context as glow
from tvm_stm32.api.interface import Interface
from tvm_stm32.api.layer import Layer
from tvm_stm32.api.stai import context as stai
from tvm_stm32.api.stm32_port import context as stm32_port
from tvm_stm32.api.tflm import context as tflm
from tvm_stm32.api.tvm_aot import context as tvm_aot
from tvm_stm32.api.x_cube_ai import context as x_cube_ai
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.emit import emit, template_context
from tvm_stm32.codegen.environment import c_environment

#: layer -> what its templates know, beside what every template knows
CONTEXTS: dict[str, Callable[[CompiledModel], dict[str, Any]]] = {
    "x-cube-ai": x_cube_ai.context,
    "stai": stai.context,
    "stm32-port": stm32_port.context,
    "tvm-aot": tvm_aot.context,
    "tflm": tflm.context,
    "glow": glow.context,
}

_HERE = Path(__file__).parent


def emit_library(model: CompiledModel) -> dict[str, bytes]:
    """Every file of `model` with the interfaces of its settings, in the order of `Interface.artifact_names`."""
    interface = Interface(model.settings.api, model.settings.observer, model.settings.accelerator, bool(model.pools))
    return emit(model, {file: text for layer in interface.layers for file, text in _layer_files(layer, model).items()})


def _layer_files(layer: Layer, model: CompiledModel) -> dict[str, bytes]:
    folder = _HERE / layer.folder
    environment = c_environment(folder)
    context = template_context(model) | CONTEXTS[layer.name](model)

    def content(source: str) -> bytes:
        if source.endswith(".j2"):
            return environment.get_template(source).render(context).encode("ascii")
        return bytes(context[source]) if source in layer.contents.values() else (folder / source).read_bytes()

    return {file: content(source) for file, source in layer.files(model.settings.name).items()}
