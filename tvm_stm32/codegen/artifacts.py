# SPDX-License-Identifier: Apache-2.0
"""The fixed set of files that a compiled model is. Build tools ask here, so nothing heavy is imported."""

from __future__ import annotations

#: the runtime that ships with every model, the same for all: file name -> path inside ``tvm_stm32/runtime``
RUNTIME_FILES = {
    "tvm_ai.h": "include/tvm_ai.h",
    "tvm_ai_kernels.h": "include/tvm_ai_kernels.h",
    "tvm_ai_microkernels.h": "include/tvm_ai_microkernels.h",
    "tvm_ai.c": "src/tvm_ai.c",
}


#: what the models with runs on an accelerator share besides
ACCELERATOR_FILES = {
    "tvm_ai_accelerator.h": "include/tvm_ai_accelerator.h",
    "tvm_ai_accelerator.c": "src/tvm_ai_accelerator.c",
}


def artifact_names(name: str, observer: bool = False, accelerator: bool = False) -> list[str]:
    """Every file that compiling a model called `name` writes, in a fixed order; those of further interfaces follow.

    Args:
        name: the model's.
        observer: with a run function that tells an observer of each node.
        accelerator: with a run function that offers each node to an accelerator.
    """
    files = [f"{name}.h", f"{name}.c", f"{name}_kernels.c", f"{name}_weights.c", f"{name}.json", *RUNTIME_FILES]
    if observer:
        files += [f"{name}_observed.h", f"{name}_observed.c"]
    if accelerator:
        files += [f"{name}_accelerated.h", f"{name}_accelerated.c", *ACCELERATOR_FILES]
    return files


def header_names(name: str, observer: bool = False, accelerator: bool = False) -> list[str]:
    """The headers an application includes; the rest is internal to the library."""
    observed = [f"{name}_observed.h"] if observer else []
    accelerated = [f"{name}_accelerated.h", "tvm_ai_accelerator.h"] if accelerator else []
    return [f"{name}.h", "tvm_ai.h", *observed, *accelerated]


def source_names(name: str, observer: bool = False, accelerator: bool = False) -> list[str]:
    """The C files a library of the model is compiled from."""
    return [file for file in artifact_names(name, observer, accelerator) if file.endswith(".c")]
