# SPDX-License-Identifier: Apache-2.0
"""A compiled model as a relocatable package: for ``find_package(<name> CONFIG)``, ``<name>::<name>``, and pkg-config.

CMake is not run, and the files hold no absolute path: the package is the same bytes wherever it is written, and may be
moved. What CMake needs to know of the library (core, FPU, float ABI, whether libm is called) is read from the library.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2

import tvm_stm32
from tvm_stm32.api.interface import Interface
from tvm_stm32.codegen.manifest import Manifest
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.core import architectures_that_run
from tvm_stm32.errors import SettingsError
from tvm_stm32.package import layout
from tvm_stm32.package.abi import Abi
from tvm_stm32.package.archive import neutral_archive
from tvm_stm32.package.cps import package_description
from tvm_stm32.package.library import Library, read_library
from tvm_stm32.package.origin import check_machine, check_model, interface_of, read_headers, read_manifest
from tvm_stm32.package.sbom import bill_of_materials, compilers

#: the version of a package whose author names none
NO_VERSION = "0.0.0"

_VERSION = re.compile(r"\d+(\.\d+){0,3}")

#: machine -> macro that its compilers predefine
_MACHINE_MACROS = {
    "arm": "__arm__",
    "aarch64": "__aarch64__",
    "x86": "__i386__",
    "x86_64": "__x86_64__",
    "riscv": "__riscv",
}

#: architecture of a core -> what stands for it in the macro ``__ARM_ARCH_<...>__``; gcc 12 has none for v8.1-M
_ARCHITECTURE_MACROS = {
    "armv6-m": ("6M",),
    "armv7-m": ("7M",),
    "armv7e-m": ("7EM",),
    "armv8-m.base": ("8M_BASE",),
    "armv8-m.main": ("8M_MAIN",),
    "armv8.1-m.main": ("8M_MAIN", "8_1M_MAIN"),
}

#: FPU of a library -> pattern of the macro that a compiler predefines when its core has that. The macro is a set of
#: bits, 8 for double precision; gcc writes it in decimal, clang in hexadecimal.
_FPU_MACROS = {"": "", "single": "__ARM_FP ", "double": "__ARM_FP (0x[89a-fA-F]|8|9|1[0-5])"}

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("tvm_stm32.package"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def write_cmake_package(
    destination: Path, model: Path, library: Path, *, version: str = NO_VERSION, host: bool = False
) -> list[Path]:
    """Write the package of a compiled model; files that hold the right content already are not touched.

    Args:
        destination: the prefix, a folder; it may hold the packages of other models.
        model: the folder that the model was compiled into, or the manifest in it.
        library: the static library built from that folder.
        version: what ``find_package(<name> <version>)`` is answered by, such as "1.2".
        host: the library is for the machine that builds it; without, one for the manifest's core is expected.

    Returns:
        All files of the package, in the order of `tvm_stm32.package.layout.package_files`.

    Raises:
        SettingsError: the version is none, a file cannot be read or written, or the library is not of this model or
            not for its core or float ABI. What was in `destination` before is still there, unchanged.
    """
    check_version(version)
    folder, manifest = read_manifest(model)
    name = manifest.name
    built = read_library(library)
    check_model(manifest, built)
    check_machine(manifest, built, host)
    interface = interface_of(manifest)
    context = _context(name, version, built, interface) | _origin(manifest, built)
    headers = read_headers(folder, name, interface)
    contents = {
        **{f"{layout.include_folder(name)}/{header}": content for header, content in headers.items()},
        layout.library_file(name): neutral_archive(library),
        f"{layout.config_folder(name)}/{name}-config.cmake": render("config.cmake.j2", context),
        f"{layout.config_folder(name)}/{name}-config-version.cmake": render("config-version.cmake.j2", context),
        f"lib/pkgconfig/{name}.pc": render("pkg-config.pc.j2", context),
        f"share/{name}/{name}.json": (folder / f"{name}.json").read_bytes(),
        f"share/{name}/LICENSE": files("tvm_stm32.package").joinpath("templates/LICENSE").read_bytes(),
        f"share/{name}/NOTICE": render("NOTICE.j2", context),
    }
    order = layout.package_files(name, interface)
    description = f"{layout.description_folder(name)}/{name}.cps"
    if description in order:
        contents[description] = package_description(name, version, built, interface)
    contents[f"share/{name}/{name}.cdx.json"] = bill_of_materials(manifest, version, built, contents)
    write_artifacts({file: contents[file] for file in order}, destination)
    return [destination / file for file in order]


def print_place(package: str, prefix: Path, files: Sequence[Path]) -> None:
    """Tell of the package just written, with the definition that finds it under any toolchain file."""
    config = next(file for file in files if file.name == f"{package}-config.cmake")
    print(f"{package}: {len(files)} files in {prefix}, found by find_package({package} CONFIG) with")
    print(f"  {shlex.quote(f'-D{package}_DIR={config.parent.resolve()}')}")


def check_version(version: str) -> None:
    """Refuse what CMake would not compare.

    Raises:
        SettingsError: `version` is none.
    """
    if not _VERSION.fullmatch(version):
        raise SettingsError(f"{version!r} is no version", "--version", "use up to four numbers, such as 1.2.0")


def render(template: str, context: dict[str, object]) -> bytes:
    return _TEMPLATES.get_template(template).render(context).encode()


def _context(name: str, version: str, library: Library, interface: Interface) -> dict[str, object]:
    """What the templates know."""
    abi = library.abi
    return {
        "name": name,
        "version": version,
        "major": version.partition(".")[0],
        "tool_version": tvm_stm32.__version__,
        "built_for": str(abi),
        "pointer_size": abi.bits // 8,
        "machine_macro": _MACHINE_MACROS.get(abi.machine, ""),
        "machine_hint": "configure with the part's toolchain file"
        if abi.architecture
        else "leave out the toolchain file",
        "cortex_m": bool(abi.architecture),
        "float_abi": abi.float_abi,
        "float_flags": f"-mfloat-abi={abi.float_abi}" + (" and the part's -mfpu" if abi.float_abi == "hard" else ""),
        "core_requirements": _core_requirements(abi),
        "fpu": abi.fpu,
        "fpu_macro": _FPU_MACROS[abi.fpu],
        "needs_math": library.needs_math,
        "kept": interface.kept_symbols(name),
        "fragment": layout.fragment_file(name) if interface.pools and abi.architecture else "",
        "includes": layout.include_folders(name, interface),
        "library": layout.library_file(name),
        "headers": layout.header_files(name, interface),
    }


def _origin(manifest: Manifest, library: Library) -> dict[str, object]:
    """What the templates know of where the package's content comes from."""
    return {
        "source": manifest.source,
        "signature": manifest.signature,
        "api": ", ".join(manifest.settings.api),
        "tvm_version": manifest.versions.get("apache-tvm", ""),
        "compilers": compilers(library),
    }


def _core_requirements(abi: Abi) -> list[tuple[str, str]]:
    """What the core that a program is compiled for must have: (pattern of a predefined macro, what is said if not)."""
    if not abi.architecture:
        return []
    runs = {macro for core in architectures_that_run(abi.architecture) for macro in _ARCHITECTURE_MACROS[core]}
    requirements = [(f"__ARM_ARCH_({'|'.join(sorted(runs))})__", f"does not run {abi.architecture} code")]
    if abi.dsp:
        requirements.append(("__ARM_FEATURE_DSP", "has no DSP extension"))
    if abi.mve:
        requirements.append(("__ARM_FEATURE_MVE", "has no vector extension"))
    return requirements
