# SPDX-License-Identifier: Apache-2.0
"""Make several models' packages the components of one: find_package(models COMPONENTS kws vww) and models::kws.

Each model has its own package in the same prefix; this one leads there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import tvm_stm32
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError
from tvm_stm32.package import layout
from tvm_stm32.package.cmake import NO_VERSION, check_version, print_place, render
from tvm_stm32.package.cps import components_description


def check_components(package: str, components: Sequence[str]) -> None:
    """Refuse names that cannot be one package.

    Raises:
        SettingsError: a name is no C identifier, there is no component, one comes twice or is called as the package is.
    """
    for name in (package, *components):
        check_name(name)
    if not components:
        raise SettingsError("a package of no components", package, "name the models")
    if len({package, *components}) <= len(components):
        raise SettingsError("the package and its components need different names", package, "choose another name")


def write_components_package(
    destination: Path, package: str, components: Sequence[str], *, version: str = NO_VERSION
) -> list[Path]:
    """Write the package `package`; files that hold the right content already are not touched.

    Args:
        destination: the prefix, a folder; the packages of the components are in it, or will be.
        package: what ``find_package`` is given.
        components: the models, in the order in which they are found when none is asked for.
        version: of the package.

    Returns:
        The files, in the order of `tvm_stm32.package.layout.components_files`.

    Raises:
        SettingsError: names or version are refused, or a file cannot be written.
    """
    check_version(version)
    check_components(package, components)
    context: dict[str, object] = {
        "name": package,
        "version": version,
        "major": version.partition(".")[0],
        "tool_version": tvm_stm32.__version__,
        "components": list(components),
        "pointer_size": 0,
        "built_for": "",
    }
    config, config_version, description = layout.components_files(package)
    contents = {
        config: render("components-config.cmake.j2", context),
        config_version: render("config-version.cmake.j2", context),
        description: components_description(package, version, components),
    }
    write_artifacts(contents, destination)
    return [destination / file for file in contents]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 cmake-components``."""
    parser.add_argument("package", metavar="PACKAGE", help="what find_package is given")
    parser.add_argument("components", nargs="+", metavar="NAME", help="a model that cmake-package packs into PREFIX")
    parser.add_argument(
        "--version", default=NO_VERSION, help="the package's version, such as 1.2; default: %(default)s"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PREFIX", help="folder to write to")


def run(arguments: argparse.Namespace) -> None:
    """Write the package, and print the one line that finds it under any toolchain file."""
    files = write_components_package(
        arguments.output, arguments.package, arguments.components, version=arguments.version
    )
    print_place(arguments.package, arguments.output, files)
