# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a package, in CycloneDX 1.6 as JSON: what went into the library, and what made it.

It has no date, and its serial number is drawn from its content: the same package has the same bill wherever and
whenever it is made.
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections.abc import Mapping
from typing import Any

from elftools.elf.elffile import ELFFile

from tvm_stm32.codegen.manifest import Manifest
from tvm_stm32.package.library import Library

SPECIFICATION = "1.6"

_LICENCE = [{"license": {"id": "Apache-2.0"}}]

#: Key of a manifest's versions -> name of the program's package on PyPI, where that differs.
_PACKAGES = {"tvm_stm32": "tvm-stm32"}


def compilers(library: Library) -> list[str]:
    """What compiled the objects of `library`, as GCC and Clang note it in section ``.comment``; none if stripped."""
    notes: set[str] = set()
    for member in library.members:
        section = ELFFile(io.BytesIO(member.data)).get_section_by_name(".comment")
        if section is not None:
            notes.update(filter(None, section.data().decode("utf-8", "replace").split("\0")))
    return sorted(notes)


def bill_of_materials(manifest: Manifest, version: str, library: Library, files: Mapping[str, bytes]) -> bytes:
    """The bill of the package of a compiled model.

    Args:
        manifest: of the model.
        version: of the package.
        library: the compiled model.
        files: the package's files by their place in it, but for the bill itself.

    Returns:
        Indented JSON in UTF-8.
    """
    name = manifest.name
    package, model, runtime = f"package:{name}", f"model:{name}", "tvm_ai"
    document: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": _tools(manifest, library)},
            "component": {
                "type": "library",
                "bom-ref": package,
                "name": name,
                "version": version,
                "description": f"{manifest.description} network as a static library for {library.abi}",
                "properties": _settings(manifest),
                "components": [_file(place, content) for place, content in sorted(files.items())],
            },
        },
        "components": [
            {
                "type": "machine-learning-model",
                "bom-ref": model,
                "name": manifest.source,
                "hashes": [{"alg": "SHA-256", "content": manifest.signature}],
                "description": "the trained network; its weights are in the library, under the network's own licence",
            },
            {
                "type": "library",
                "bom-ref": runtime,
                "name": "tvm_ai",
                "version": manifest.versions.get("tvm_stm32", ""),
                "description": "runtime of tvm-stm32: its C is part of the library, its headers of the package",
                "licenses": _LICENCE,
            },
        ],
        "dependencies": [{"ref": model}, {"ref": package, "dependsOn": [model, runtime]}, {"ref": runtime}],
    }
    digest = hashlib.sha256(_encode(document)).hexdigest()
    return _encode(document | {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}"})


def _tools(manifest: Manifest, library: Library) -> list[dict[str, Any]]:
    """What made the C, and what compiled it."""
    programs = [
        {
            "type": "application",
            "name": _PACKAGES.get(key, key),
            "version": version,
            "purl": f"pkg:pypi/{_PACKAGES.get(key, key)}@{version}",
            "licenses": _LICENCE,
        }
        for key, version in sorted(manifest.versions.items())
    ]
    return programs + [{"type": "application", "name": note} for note in compilers(library)]


def _settings(manifest: Manifest) -> list[dict[str, str]]:
    """What the model was compiled for."""
    settings = manifest.settings
    values = {
        "api": ",".join(settings.api),
        "cpu": settings.cpu,
        "float_abi": settings.float_abi,
        "optimize": settings.optimize,
        "part": settings.part,
    }
    return [{"name": f"tvm-stm32:{key}", "value": value} for key, value in values.items() if value]


def _file(place: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"type": "file", "name": place, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _encode(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
