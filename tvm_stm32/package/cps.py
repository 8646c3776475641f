# SPDX-License-Identifier: Apache-2.0
"""A package in words that are not CMake's alone: the Common Package Specification, a JSON file, read by CMake 4.3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tvm_stm32.api.interface import Interface
from tvm_stm32.package import layout
from tvm_stm32.package.library import Library


def package_description(name: str, version: str, library: Library, interface: Interface) -> bytes:
    """The .cps file of a model's package: one component, called as the package is."""
    kept = [f"-Wl,-u,{symbol}" for symbol in interface.kept_symbols(name)]
    component = {
        "type": "archive",
        "location": f"@prefix@/{layout.library_file(name)}",
        "includes": [f"@prefix@/{folder}" for folder in layout.include_folders(name, interface)],
        "link_languages": ["c"],
        # CMake 4.4 passes over link_flags, and takes what begins with a dash for a flag here
        "link_libraries": [*kept, *(["m"] if library.needs_math else [])],
        "link_flags": kept,
    }
    description = f"a neural network as a static library, compiled for {library.abi}"
    return _encode(name, version, {"description": description, "components": {name: component}}, [name])


def components_description(package: str, version: str, components: Sequence[str]) -> bytes:
    """The .cps file of a package whose components are the packages beside it."""
    content = {
        "description": "neural networks as static libraries, each with a package of its own",
        "requires": {name: {"components": [name]} for name in components},
        "components": {name: {"type": "interface", "requires": [f"{name}:{name}"]} for name in components},
    }
    return _encode(package, version, content, components)


def _encode(name: str, version: str, content: dict[str, Any], default: Sequence[str]) -> bytes:
    """The file of the package `name`; `default` are the components that it has where none is asked for."""
    document = {
        "cps_version": "0.13.0",
        "name": name,
        "license": "Apache-2.0",
        "version": version,
        "compat_version": version.partition(".")[0],
        "cps_path": f"@prefix@/{layout.description_folder(name)}",
        **content,
        "default_components": list(default),
    }
    return json.dumps(document, indent=2).encode() + b"\n"
