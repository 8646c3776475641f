# SPDX-License-Identifier: Apache-2.0
"""A package in words that are not CMake's alone: the Common Package Specification, a JSON file, read by CMake 4.3."""

from __future__ import annotations

import json

from tvm_stm32.api.interface import Interface
from tvm_stm32.package import layout
from tvm_stm32.package.library import Library


def package_description(name: str, version: str, library: Library, interface: Interface) -> bytes:
    """The .cps file of a model's package: one component, called as the package is."""
    component = {
        "type": "archive",
        "location": f"@prefix@/{layout.library_file(name)}",
        "includes": [f"@prefix@/{folder}" for folder in layout.include_folders(name, interface)],
        "link_languages": ["c"],
        "link_libraries": ["m"] if library.needs_math else [],
        "link_flags": [f"-Wl,-u,{symbol}" for symbol in interface.kept_symbols(name)],
    }
    description = {
        "cps_version": "0.13.0",
        "name": name,
        "description": f"a neural network as a static library, compiled for {library.abi}",
        "license": "Apache-2.0",
        "version": version,
        "compat_version": version.partition(".")[0],
        "cps_path": f"@prefix@/{layout.description_folder(name)}",
        "components": {name: component},
        "default_components": [name],
    }
    return json.dumps(description, indent=2).encode() + b"\n"
