# SPDX-License-Identifier: Apache-2.0
"""Compile a model to C: <name>.h, <name>.c, <name>_kernels.c, <name>_weights.c, <name>.json and the runtime."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import ACCELERATOR, LAYERS, NATIVE, OBSERVER, choose
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.codegen.pool_view import PoolView
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.capacity import check_capacity
from tvm_stm32.device.core import compiler_flags, find_core
from tvm_stm32.device.part import Part, find_part
from tvm_stm32.device.pools import memory_pools
from tvm_stm32.errors import SettingsError
from tvm_stm32.model.library_format import is_archive_file
from tvm_stm32.model.model_file import read_model_file


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The model, and the options of every verb that compiles one."""
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="a .tflite, .onnx or .pt2 file, or an archive of export-mlf"
    )
    parser.add_argument(
        "--name", help="C identifier that prefixes everything generated; what is left out, an archive says"
    )
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--part", help="STM32 part number, such as STM32F405RGT6")
    target.add_argument("--cpu", help="core, such as cortex-m4")
    parser.add_argument("--optimize", choices=("time", "ram", "balanced"), help="default: balanced")
    where = ("arena", "application")
    parser.add_argument("--inputs", choices=where, help="where input buffers live; default: arena")
    parser.add_argument("--outputs", choices=where, help="where output buffers live; default: arena")
    parser.add_argument(
        "--keep-channels",
        action=argparse.BooleanOptionalAction,
        help="compute channels that no output depends on, too; default: no",
    )
    parser.add_argument(
        "--float-abi",
        choices=("hard", "soft", "any"),
        help="what the header insists on; default: the part's, or any with --cpu",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 compile``."""
    add_settings(parser)
    parser.add_argument(
        "--api",
        default=NATIVE,
        metavar="NAME,...",
        help=f"interfaces of the library, in the order of their include folders: {', '.join([NATIVE, *LAYERS])};"
        " default: %(default)s",
    )
    parser.add_argument(
        "--observer",
        choices=OBSERVER,
        default="auto",
        help="emit a run function that tells an observer of each node; auto: if an interface has functions for that",
    )
    parser.add_argument(
        "--accelerator",
        choices=ACCELERATOR,
        default="no",
        help="emit a run function that offers each node to an accelerator; default: %(default)s",
    )
    add_memory_pools(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")


def add_memory_pools(parser: argparse.ArgumentParser) -> None:
    """The option of the verbs that compile for memory pools."""
    parser.add_argument(
        "--memory-pools",
        metavar="FILE",
        help="memories for activations and weights: a YAML file, a memory-pool JSON of ST's tools, or the word part",
    )


def complete(arguments: argparse.Namespace) -> None:
    """Give each option that is left out what the archive says that is to be compiled, or else its default.

    Core and float ABI belong to the part: with another of those, the archive has no say in the others.

    Raises:
        ModelError: the archive is refused.
        SettingsError: there is no name, or neither part nor core.
    """
    file = read_model_file(arguments.model) if is_archive_file(arguments.model) else None
    archived = file.settings if file else None
    if file and arguments.name is None:
        arguments.name = file.name
    if archived and not (arguments.part or arguments.cpu):
        arguments.part, arguments.cpu = archived.part, None if archived.part else archived.cpu
        arguments.float_abi = arguments.float_abi or archived.float_abi
    defaults = archived or Settings("", "balanced", "", "", "any", "arena", "arena")
    for option in ("optimize", "inputs", "outputs", "keep_channels"):
        if getattr(arguments, option) is None:
            setattr(arguments, option, getattr(defaults, option))
    if arguments.name is None:
        raise SettingsError("the model needs a name in C", "--name", "such as --name kws")
    if not (arguments.part or arguments.cpu):
        raise SettingsError("for which part, or which core?", "--part", "--part STM32F405RGT6, or --cpu cortex-m4")


def settings_of(arguments: argparse.Namespace) -> tuple[Settings, Part | None]:
    """What the options ask for, and the part if one is named.

    Raises:
        ModelError: the model is an archive, and refused.
        SettingsError: a name, part, core or file of memory pools is wrong, or the core has no FPU for the float ABI.
    """
    complete(arguments)
    check_name(arguments.name)
    interface = choose(arguments.api, arguments.observer, arguments.accelerator, bool(arguments.memory_pools))
    part = find_part(arguments.part) if arguments.part else None
    core = find_core(arguments.cpu) if arguments.cpu else None
    settings = Settings(
        name=arguments.name,
        optimize=arguments.optimize,
        cpu=part.cpu if part else core.cpu if core else "",
        part=part.name if part else "",
        float_abi=arguments.float_abi or (part.float_abi if part else "any"),
        inputs=arguments.inputs,
        outputs=arguments.outputs,
        keep_channels=arguments.keep_channels,
        api=interface.api,
        observer=interface.observer,
        accelerator=interface.accelerator,
        pools=memory_pools(arguments.memory_pools, part) if arguments.memory_pools else (),
    )
    if settings.float_abi == "hard":
        compiler_flags(find_core(settings.cpu), part.fpu if part else None, "hard")  # refuses a core without an FPU
    return settings, part


def run(arguments: argparse.Namespace) -> None:
    """Compile, check that it fits, write, and print what the model needs."""
    settings, part = settings_of(arguments)
    model = compile_in_child(arguments.model, settings)
    if part and not model.pools:
        check_capacity(part, model.parameters_size, model.activations_size, arguments.model.name)
    write_artifacts(emit_library(model), arguments.output)
    print(summary(model))


def summary(model: CompiledModel) -> str:
    """What the user wants to know at a glance: bytes, the bound, MACs, the kernels chosen, and what was assumed."""
    variants = Counter(call.variant for call in model.calls)
    lines = [
        f"{model.settings.name}: {model.description}, {len(model.calls)} calls of {len(model.kernels)} kernels,"
        f" {model.macs:,} MACs",
        f"  activations {model.activations_size:,} bytes (lower bound {model.lower_bound:,}),"
        f" parameters {model.parameters_size:,} bytes",
        "  calls: " + ", ".join(f"{count} {variant}" for variant, count in sorted(variants.items())),
    ]
    lines += [f"  pool {pool.title}" for pool in PoolView(model).working] if model.pools else []
    lines += [f"  {group.symbol}: {group.title}" for group in PoolView(model).groups] if model.pools else []
    return "\n".join(lines + [f"  note: {note}" for note in model.notes])
