# SPDX-License-Identifier: Apache-2.0
"""Compiles the C of this package in a client's build: for the client's machine, in the way that our C wants.

The client's machine flags hold; its warnings, optimisation, dialect, definitions and naming do not.
"""

from __future__ import annotations

from typing import Any

from tvm_stm32.scons import generator
from tvm_stm32.scons.errors import construction_variable
from tvm_stm32.scons.toolchain import binutils, machine_flags

_OVERRIDES: dict[str, Any] = {
    "CCCOM": "$TVM_STM32_CCCOM",
    "CCCOMSTR": "$TVM_STM32_CCCOMSTR",
    "ARCOM": "$TVM_STM32_ARCOM",
    "ARCOMSTR": "$TVM_STM32_ARCOMSTR",
    "RANLIBCOM": "",
    "CPPPATH": [],
    "OBJPREFIX": "",
    "OBJSUFFIX": ".o",
    "LIBPREFIX": "lib",
    "LIBSUFFIX": ".a",
}


def defaults() -> dict[str, Any]:
    """The construction variables of this module, for ``env.SetDefault``."""
    return {
        # Clang contracts a * b + c to one rounding unless told not to, in every dialect.
        "TVM_STM32_CCFLAGS": ["-std=c99", "-O2", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections"],
        "TVM_STM32_CCCOM": "$CC -c $_TVM_STM32_MACHINE $TVM_STM32_CCFLAGS $( $_TVM_STM32_PREFIX_MAPS $)"
        " -o $TARGET $SOURCES",
        "TVM_STM32_AR": construction_variable(lambda env: binutils(env, "ar")),
        # D: no dates and owners; s: an index, so that no ranlib, perhaps of another machine, need run
        "TVM_STM32_ARCOM": "$TVM_STM32_AR rcsD $TARGET $SOURCES",
        "TVM_STM32_LIBRARYSIZECOM": f"{generator.COMMAND} size $TARGET",
        "_TVM_STM32_MACHINE": construction_variable(machine_flags),
        "_TVM_STM32_PREFIX_MAPS": _prefix_maps,
    }


def _prefix_maps(target: Any, source: Any, env: Any, for_signature: bool) -> list[str]:  # noqa: ARG001
    """Options by which no path reaches debug information: the object is the same in whatever folder it is built."""
    top, folder = env.Dir("#"), source[0].dir
    outside = [] if folder.is_under(top) else [f"-ffile-prefix-map={folder.abspath}={folder.name}"]
    return [f"-ffile-prefix-map={top.abspath}=.", *outside]


def objects(env: Any, sources: list[Any]) -> list[Any]:
    """One object node for each C file of `sources`, beside it."""
    return list(env.StaticObject(source=sources, **_OVERRIDES))


def archive(env: Any, target: Any, members: list[Any]) -> list[Any]:
    """The node of the static library `target`, made of the objects `members`; its sizes are printed."""
    generators = [*env.get("SHELL_ENV_GENERATORS", []), generator.shell_environment]
    overrides = _OVERRIDES | generator.UNNAMED_PROGRAM | {"SHELL_ENV_GENERATORS": generators}
    nodes = env.StaticLibrary(target, members, **overrides)
    env.AddPostAction(nodes, generator.action("TVM_STM32_LIBRARYSIZE"))
    return list(nodes)
