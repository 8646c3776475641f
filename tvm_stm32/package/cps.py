# SPDX-License-Identifier: Apache-2.0
"""A package in words that are not CMake's: the Common Package Specification, a JSON file, which CMake 4.3 reads.

CMake prefers it to its own scripts. It has no place for questions, so it requires a package of scripts that asks.
"""

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
        "requires": [f"{name}-check:linking"],
    }
    description = {
        "cps_version": "0.13.0",
        "name": name,
        "description": f"a neural network as a static library, compiled for {library.abi}",
        "license": "Apache-2.0",
        "version": version,
        "compat_version": version.partition(".")[0],
        "cps_path": f"@prefix@/lib/cps/{name}",
        "requires": {f"{name}-check": {}},
        "components": {name: component},
        "default_components": [name],
    }
    return json.dumps(description, indent=2).encode() + b"\n"
