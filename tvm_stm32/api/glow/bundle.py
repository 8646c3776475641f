# SPDX-License-Identifier: Apache-2.0
"""Make several compiled models the entry points of one Glow bundle, which has one set of three memories.

Written are <name>.h, <name>_glow.c, <name>.weights.bin and <name>.weights.txt, beside the models' libraries.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tvm_stm32.api.glow.context import MEMORY_ALIGNMENT, Placeholder, placeholders_of, rounded
from tvm_stm32.codegen.environment import c_environment
from tvm_stm32.codegen.manifest import Manifest, decode_manifest
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError

_LAYER = "glow"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model that was compiled with this layer: its manifest and its constant memory."""

    manifest: Manifest
    constants: bytes


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A model in a bundle, and where its share of the constant and the mutable memory begins, in bytes."""

    model: Manifest
    constant: int
    mutable: int
    placeholders: list[Placeholder]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entry points with their common memories; models with the same constants share those."""

    name: str
    entries: list[EntryPoint]
    constants: bytes
    sizes: dict[str, int]  # bytes of the constant, mutable and activations memory


def bundle_of(name: str, models: Sequence[Compiled]) -> Bundle:
    """The bundle of `models`, which take turns in the activations.

    Raises:
        SettingsError: fewer than two models, one twice, one that is called as the bundle is, or was compiled without
            this layer.
    """
    check_name(name)
    names = [model.manifest.name for model in models]
    if len({*names, name}) <= len(names) or len(names) < 2:
        what = f"{', '.join(names)} are no bundle {name}"
        raise SettingsError(what, name, "name two models at least, each once, and the bundle as none of them")
    constants, mutable, activations = b"", 0, 0
    entries = []
    for model in models:
        manifest = model.manifest
        if _LAYER not in manifest.settings.api:
            raise SettingsError(f"{manifest.name} has no entry point of Glow", name, "compile it with --api glow")
        tensors = {tensor.c_name: tensor for tensor in manifest.tensors}
        interface = [tensors[c_name] for c_name in (*manifest.inputs, *manifest.outputs)]
        placeholders, end = placeholders_of(interface, manifest.source)
        place = _place(constants, model.constants)
        constants += model.constants if place == len(constants) else b""
        entries.append(EntryPoint(manifest, place, mutable, placeholders))
        mutable += rounded(end, MEMORY_ALIGNMENT)
        activations = max(activations, rounded(manifest.pools[0].size, MEMORY_ALIGNMENT))
    sizes = {"constant": len(constants), "mutable": mutable, "activations": activations}
    return Bundle(name, entries, constants, sizes)


def emit_bundle(bundle: Bundle) -> dict[str, bytes]:
    """The bundle's files by name."""
    environment = c_environment(Path(__file__).parent)
    context = {
        "name": bundle.name,
        "NAME": bundle.name.upper(),
        "bundle": bundle,
        "sizes": bundle.sizes,
        "memory_alignment": MEMORY_ALIGNMENT,
        "weights": bundle.constants,
    }
    templates = {".h": "bundle.h.j2", "_glow.c": "bundle.c.j2", ".weights.txt": "weights.txt.j2"}
    files = {
        f"{bundle.name}{ending}": environment.get_template(f"templates/{template}").render(context).encode("ascii")
        for ending, template in templates.items()
    }
    return files | {f"{bundle.name}.weights.bin": bundle.constants}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 glow-bundle``."""
    parser.add_argument("name", metavar="NAME", help="C identifier that prefixes the bundle's entry points")
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL.json", help="manifests of compiled models")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")


def run(arguments: argparse.Namespace) -> None:
    """Write the files, and print what the memories take."""
    bundle = bundle_of(arguments.name, [_read(path) for path in arguments.models])
    write_artifacts(emit_bundle(bundle), arguments.output)
    entries = ", ".join(f"{bundle.name}_{entry.model.name}" for entry in bundle.entries)
    sizes = ", ".join(f"{memory} {size:,}" for memory, size in bundle.sizes.items())
    print(f"{bundle.name}: {entries}; bytes of memory: {sizes}")


def _place(constants: bytes, own: bytes) -> int:
    """Where `own` are among the constants of the models before, or behind them."""
    found = (at for at in range(0, len(constants), MEMORY_ALIGNMENT) if constants.startswith(own, at))
    return next(found, len(constants))


def _read(path: Path) -> Compiled:
    try:
        manifest = decode_manifest(path.read_bytes())
        constants = path.parent / "api" / _LAYER / f"{manifest.name}.weights.bin"
        return Compiled(manifest, constants.read_bytes() if _LAYER in manifest.settings.api else b"")
    except OSError as error:
        what = f"the manifest, or the weights beside it, cannot be read: {error.strerror}"
        raise SettingsError(what, str(path), "compile the model first: tvm-stm32 compile --api glow") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"this is no manifest: {error}", str(path), "compile the model again") from error
