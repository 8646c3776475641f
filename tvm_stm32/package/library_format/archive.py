# SPDX-License-Identifier: Apache-2.0
"""Writes the archive: version 7 of the layout, with the interface of TVM's ahead-of-time executor.

    metadata.json                        sizes of memory, inputs, outputs, functions
    codegen/host/src/<model>_lib<n>.c    the model's C
    codegen/host/include/tvmgen_<model>.h and the headers that it needs
    runtime/include, runtime/src         C that is the same for every model; an include folder of its own
    parameters/<model>.params            the constants, as TVM keeps them
    src/<model file>                     what the model was compiled from, byte for byte

Other than TVM, the archive has no date and no object files. Its source is the model file, not a dump of an intermediate
form: it is what can be compiled again, for another part or objective as well.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from typing import Any

from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import LAYERS, Interface
from tvm_stm32.api.tvm_aot import context as tvm_aot
from tvm_stm32.codegen.artifacts import RUNTIME_FILES
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.model.library_format import METADATA, SETTINGS, VERSION, ArchivedSettings
from tvm_stm32.package.library_format.parameters import save_parameters

#: The interface that the format's users call.
API = "tvm-aot"
#: A date that no archive has: the same model gives the same bytes.
_NO_DATE = "1970-01-01 00:00:00Z"
_CPU_DEVICE = 1  #: kDLCPU
#: In an archive the headers of model and runtime are found by include folders.
_UPWARD = re.compile(rb'^#include "\.\./\.\./', re.MULTILINE)


def library_archive(model: CompiledModel, source: bytes) -> bytes:
    """The archive of `model`, compiled with the interface `API` from a file with the content `source`."""
    name = model.settings.name
    files = {METADATA: _json(_metadata(model)), **dict(_code(model))}
    files[f"parameters/{name}.params"] = save_parameters(model.parameters)
    files[f"src/{model.source}"] = source
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for place, content in files.items():
            member = tarfile.TarInfo(place)  # of root, of 1970
            member.size = len(content)
            member.mode = 0o644
            member.uname = member.gname = "root"
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _code(model: CompiledModel) -> Iterator[tuple[str, bytes]]:
    """C and headers: place in the archive, content."""
    settings = model.settings
    interface = Interface(settings.api, settings.observer, settings.accelerator, bool(model.pools))
    layer = f"api/{LAYERS[API].folder}/"
    shared = {*RUNTIME_FILES, *(f"{layer}{file}" for file in LAYERS[API].runtime)}
    emitted = emit_library(model)
    of_model = [file for file in interface.source_names(settings.name) if file not in shared]
    for number, file in enumerate(of_model):
        yield f"codegen/host/src/{settings.name}_lib{number}.c", _UPWARD.sub(b'#include "', emitted[file])
    for file, content in emitted.items():
        place = file.removeprefix(layer)
        text = _UPWARD.sub(b'#include "', content) if file == f"{layer}{place}" and "/" not in place else content
        if file.endswith(".h"):
            yield f"{'runtime' if file in shared else 'codegen/host'}/include/{place}", text
        elif file.endswith(".c") and file in shared:
            yield f"runtime/src/{place}", text


def _metadata(model: CompiledModel) -> dict[str, Any]:
    settings = model.settings
    main = {
        "device": _CPU_DEVICE,
        "workspace_size_bytes": tvm_aot.context(model)["workspace_size"],
        "constants_size_bytes": model.parameters_size,
        "io_size_bytes": sum(model.tensor(tensor).size for tensor in (*model.inputs, *model.outputs)),
        "inputs": _tensors(model, model.inputs),
        "outputs": _tensors(model, model.outputs),
    }
    module = {
        "model_name": settings.name,
        "export_datetime": _NO_DATE,
        "memory": {"functions": {"main": [main], "operator_functions": _functions(model)}},
        "target": [f"c -keys=arm_cpu,cpu -mcpu={settings.cpu}"],
        "executors": ["aot"],
        "style": "full-model",
        "external_dependencies": [
            {
                "short_name": "tvm_ai",
                "url": "./runtime",
                "url_type": "mlf_path",
                "version_spec": model.versions.get("tvm_stm32", ""),
            }
        ],
        SETTINGS: {field: getattr(settings, field) for field in ArchivedSettings.__struct_fields__},
    }
    return {"version": VERSION, "modules": {settings.name: module}}


def _tensors(model: CompiledModel, names: list[str]) -> dict[str, dict[str, Any]]:
    return {
        tensor.name: {"size": tensor.size, "dtype": tensor.dtype} for tensor in (model.tensor(name) for name in names)
    }


def _functions(model: CompiledModel) -> list[dict[str, Any]]:
    """Each operator's function with the scratch memory that it is given, at most."""
    return [
        {
            "function_name": kernel.c_name,
            "workspace": [{"device": _CPU_DEVICE, "workspace_size_bytes": _scratch(model, kernel.c_name)}],
        }
        for kernel in model.kernels
    ]


def _scratch(model: CompiledModel, kernel: str) -> int:
    calls = (call for call in model.calls if call.kernel == kernel)
    return max(sum(argument.size for argument in call.arguments if argument.kind == "scratch") for call in calls)


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
