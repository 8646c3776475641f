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

#: what ships besides with a model whose memory is in pools
POOL_FILES = {"tvm_ai_pools.h": "include/tvm_ai_pools.h", "tvm_ai_pools.c": "src/tvm_ai_pools.c"}

#: what ships besides with a model that has runs on an accelerator
ACCELERATOR_FILES = {
    "tvm_ai_accelerator.h": "include/tvm_ai_accelerator.h",
    "tvm_ai_accelerator.c": "src/tvm_ai_accelerator.c",
}


def artifact_names(name: str, observer: bool = False, accelerator: bool = False, pools: bool = False) -> list[str]:
    """Every file that compiling a model called `name` writes, in a fixed order; those of further interfaces follow.

    Args:
        name: the model's.
        observer: with a run function that tells an observer of each node.
        accelerator: with a run function that offers each node to an accelerator.
        pools: its memory is in pools.
    """
    files = [f"{name}.h", f"{name}.c", f"{name}_kernels.c", f"{name}_weights.c", f"{name}.json", *RUNTIME_FILES]
    if observer:
        files += [f"{name}_observed.h", f"{name}_observed.c"]
    if accelerator:
        files += [f"{name}_accelerated.h", f"{name}_accelerated.c", *ACCELERATOR_FILES]
    if pools:
        files += [*POOL_FILES, *_places(name), *_placement(name)]
    return files


def header_names(name: str, observer: bool = False, accelerator: bool = False, pools: bool = False) -> list[str]:
    """The headers an application includes, and what places it in memory; the rest is internal to the library."""
    observed = [f"{name}_observed.h"] if observer else []
    accelerated = [f"{name}_accelerated.h", "tvm_ai_accelerator.h"] if accelerator else []
    pooled = ["tvm_ai_pools.h", _places(name)[0], *_placement(name)] if pools else []
    return [f"{name}.h", "tvm_ai.h", *observed, *accelerated, *pooled]


def source_names(name: str, observer: bool = False, accelerator: bool = False, pools: bool = False) -> list[str]:
    """The C files a library of the model is compiled from."""
    return [file for file in artifact_names(name, observer, accelerator, pools) if file.endswith(".c")]


def linker_fragment(name: str) -> str:
    """What puts the pools of a model into their memories: goes to GNU ld before the firmware's own script."""
    return f"{name}_pools.ld"


def group_names(name: str) -> list[str]:
    """The files that a group of models called `name` is, in a fixed order."""
    return [f"{name}.h", f"{name}.c", linker_fragment(name)]


def weights_binary(name: str) -> str:
    """The constants that are not linked; without any it has no bytes."""
    return f"{name}_weights.bin"


def _places(name: str) -> list[str]:
    return [f"{name}_places.h", f"{name}_places.c"]


def _placement(name: str) -> list[str]:
    return [linker_fragment(name), weights_binary(name)]
