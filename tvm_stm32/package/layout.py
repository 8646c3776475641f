# SPDX-License-Identifier: Apache-2.0
"""The fixed set of files that a package is. Build tools ask here, so nothing heavy is imported."""

from __future__ import annotations

from tvm_stm32.api.interface import Interface
from tvm_stm32.codegen.artifacts import linker_fragment


def include_folder(name: str) -> str:
    """Where the headers are: a folder of the model's own, so that packages share a prefix without sharing a file."""
    return f"include/{name}"


def library_file(name: str) -> str:
    """Where the static library is."""
    return f"lib/lib{name}.a"


def config_folder(name: str) -> str:
    """What a user sets ``<name>_DIR`` to, below the prefix."""
    return f"lib/cmake/{name}"


def description_folder(name: str) -> str:
    """Where the description in the Common Package Specification's form is. Not where CMake 4.3 looks of itself.

    CMake would prefer it to its scripts, and then cannot find a package from two directories of one project, does not
    pass over packages for other machines, and says nothing of an ABI.
    """
    return f"share/{name}/cps"


def components_files(package: str) -> list[str]:
    """The files of a package whose components are the packages beside it, in a fixed order."""
    scripts = [f"{config_folder(package)}/{package}-config{part}.cmake" for part in ("", "-version")]
    return [*scripts, f"{description_folder(package)}/{package}.cps"]


def include_folders(name: str, interface: Interface) -> list[str]:
    """Where a compiler looks for headers, in this order."""
    places = (folder.removeprefix(".") for folder in interface.include_folders())
    return ["/".join(filter(None, (include_folder(name), place))) for place in places]


def header_files(name: str, interface: Interface) -> list[str]:
    """The headers of the package."""
    return [f"{include_folder(name)}/{header}" for header in interface.header_names(name)]


def fragment_file(name: str) -> str:
    """What tells the linker of the memory pools of a model that has them."""
    return f"{include_folder(name)}/{linker_fragment(name)}"


def package_files(name: str, interface: Interface) -> list[str]:
    """Every file of the package of a model called `name`, relative to the prefix, in a fixed order.

    A model in memory pools has no description in CPS' form: CMake 4.4 reads no path of a linker script from it, and
    would link an application whose pools are anywhere.
    """
    described = [] if interface.pools else [f"{description_folder(name)}/{name}.cps"]
    return [
        *header_files(name, interface),
        library_file(name),
        f"{config_folder(name)}/{name}-config.cmake",
        f"{config_folder(name)}/{name}-config-version.cmake",
        *described,
        f"lib/pkgconfig/{name}.pc",
        f"share/{name}/{name}.json",
        f"share/{name}/LICENSE",
        f"share/{name}/NOTICE",
        f"share/{name}/{name}.cdx.json",
    ]
