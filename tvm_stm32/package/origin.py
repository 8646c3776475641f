# SPDX-License-Identifier: Apache-2.0
"""Where a package comes from: the manifest of a compiled model, and proof that a library is of that very model."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tvm_stm32.api.interface import Interface, choose
from tvm_stm32.codegen.manifest import Manifest, decode_manifest
from tvm_stm32.device.core import architectures_that_run, find_core
from tvm_stm32.errors import SettingsError
from tvm_stm32.package.library import Library


def read_manifest(path: Path) -> tuple[Path, Manifest]:
    """The manifest at `path`, or the only one in the folder `path`; with the folder it is in.

    Raises:
        SettingsError: there is none, there are several, or it cannot be read.
    """
    file = path
    if path.is_dir():
        found = sorted(file for file in path.glob("*.json") if file.with_suffix(".h").exists())
        if not found:
            raise SettingsError(
                "no compiled model is here", str(path), "compile one: tvm-stm32 compile MODEL --name NAME -o FOLDER"
            )
        if len(found) > 1:
            names = ", ".join(file.name for file in found)
            raise SettingsError("more than one compiled model is here", str(path), f"name the manifest: {names}")
        file = found[0]
    try:
        return file.parent, decode_manifest(file.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"the manifest cannot be read: {error.strerror}", str(file), "compile the model first: tvm-stm32 compile"
        ) from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"this is no manifest: {error}", str(file), "compile the model again") from error


def interface_of(manifest: Manifest) -> Interface:
    """The interfaces that a model was compiled with.

    Raises:
        SettingsError: the manifest names one that there is not.
    """
    settings = manifest.settings
    observer, accelerator = ("yes" if wanted else "no" for wanted in (settings.observer, settings.accelerator))
    return choose(settings.api, observer, accelerator, manifest.pooled)


def read_headers(folder: Path, name: str, interface: Interface) -> dict[str, bytes]:
    """The headers that belong to a compiled model: file name -> content.

    Raises:
        SettingsError: one cannot be read.
    """
    try:
        return {header: (folder / header).read_bytes() for header in interface.header_names(name)}
    except OSError as error:
        raise SettingsError(
            f"a header of {name} cannot be read: {error.strerror}", str(error.filename), "compile the model again"
        ) from error


def check_model(manifest: Manifest, library: Library) -> None:
    """Refuse a library that does not hold the model of `manifest`, weights included.

    Raises:
        SettingsError: another model, or an older version of it, is inside.
    """
    where = str(library.path)
    if f"{manifest.name}_model" not in library.defined:
        raise SettingsError(
            f"the library does not hold the model {manifest.name}",
            where,
            f"compile {manifest.name}.c and the C files beside it into it",
        )
    signature = library.constant(f"{manifest.name}_signature")
    if signature is None or signature.rstrip(b"\0").decode("ascii", "replace") != manifest.signature:
        raise SettingsError(
            f"the library was built from another version of {manifest.source} than the manifest",
            where,
            "build the library again",
        )


def check_machine(manifest: Manifest, library: Library, host: bool) -> None:
    """Refuse a library that cannot run where the model is meant to run.

    Args:
        manifest: of the model; its core and float ABI are what an Arm library is held to.
        library: the compiled model.
        host: the library is meant for the machine that builds it, not for the STM32.

    Raises:
        SettingsError: wrong machine, core or float ABI.
    """
    where = str(library.path)
    abi = library.abi
    if host:
        if abi.architecture:
            raise SettingsError(
                f"a library for the host is asked for, and this one is for {abi}", where, "leave out --host"
            )
        return
    core = find_core(manifest.settings.cpu)
    flags = f"compile it with {core.flag} -mthumb"
    if abi.machine != "arm":
        raise SettingsError(
            f"{manifest.name} is meant for {_meant(manifest)}, and this library is for {abi}",
            where,
            f"{flags} and arm-none-eabi-gcc, or say --host if the host is meant",
        )
    if core.architecture not in architectures_that_run(abi.architecture):
        raise SettingsError(
            f"{manifest.name} is meant for {_meant(manifest)}, which does not run code for {abi}", where, flags
        )
    if abi.fpu and not core.fpus:
        raise SettingsError(
            f"{manifest.name} is meant for {_meant(manifest)}, which has no FPU, and this library uses one",
            where,
            f"{flags} -mfloat-abi=soft",
        )
    if manifest.settings.float_abi in ("hard", "soft") and abi.float_abi != manifest.settings.float_abi:
        raise SettingsError(
            f"{manifest.name} is meant for the {manifest.settings.float_abi}-float ABI, "
            f"and this library has {abi.float_abi} float",
            where,
            f"{flags} -mfloat-abi={manifest.settings.float_abi}, or compile the model with --float-abi {abi.float_abi}",
        )


def _meant(manifest: Manifest) -> str:
    """Part and core of a compiled model, for a message."""
    settings = manifest.settings
    return f"{settings.part} ({settings.cpu})" if settings.part else settings.cpu
