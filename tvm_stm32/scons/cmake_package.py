# SPDX-License-Identifier: Apache-2.0
"""CMake packages in a build: ``env.TvmCMakePackage`` installs models' libraries for ``find_package``."""

from __future__ import annotations

from typing import Any

from tvm_stm32.errors import SettingsError
from tvm_stm32.package.layout import components_files, package_files
from tvm_stm32.scons import generator, machine
from tvm_stm32.scons.errors import construction_variable, pseudo_builder
from tvm_stm32.scons.model import Model
from tvm_stm32.scons.settings import overrides

#: keyword of ``env.TvmCMakePackage``, and construction variable without ``TVM_STM32_``: all take any value
SETTINGS: dict[str, tuple[str, ...]] = {"PACKAGE": (), "PACKAGE_VERSION": ()}


def defaults() -> dict[str, Any]:
    """The construction variables of this module, for ``env.SetDefault``."""
    return {
        "TVM_STM32_PACKAGE": "",
        "TVM_STM32_PACKAGE_VERSION": "",
        "TVM_STM32_CMAKEPACKAGECOM": f"{generator.COMMAND} cmake-package ${{SOURCES[0]}} --library ${{SOURCES[1]}}"
        " $_TVM_STM32_PACKAGE_OPTIONS --output $_TVM_STM32_PREFIX",
        "TVM_STM32_CMAKECOMPONENTSCOM": f"{generator.COMMAND} cmake-components $TVM_STM32_PACKAGE"
        " $_TVM_STM32_COMPONENTS $_TVM_STM32_VERSION_OPTION --output $_TVM_STM32_PREFIX",
        "_TVM_STM32_PACKAGE_OPTIONS": construction_variable(_options),
        "_TVM_STM32_VERSION_OPTION": construction_variable(_version),
    }


def _version(env: Any) -> list[str]:
    version = env.subst("$TVM_STM32_PACKAGE_VERSION")
    return ["--version", version] if version else []


def _options(env: Any) -> list[str]:
    return [*_version(env), *([] if machine.is_cortex_m(env) else ["--host"])]


@pseudo_builder
def cmake_package(env: Any, target: str, models: Model | list[Model], **settings: Any) -> list[Any]:
    """``env.TvmCMakePackage``: write the libraries, headers and CMake files of models below the folder `target`.

    The folder may hold the packages of several models; CMake finds them with it in CMAKE_PREFIX_PATH.

    Args:
        env: its compiler says whether the packages are for a Cortex-M or for the host.
        target: the folder.
        models: what ``env.TvmModel`` has returned, or a list of those.
        settings: any of `SETTINGS`; with PACKAGE the models are the components of a package of that name as well.

    Returns:
        The files: of each model in the order of `package_files`, then those of PACKAGE.
    """
    call = f"TvmCMakePackage({str(target)!r})"
    packed = list(models) if isinstance(models, list | tuple) else [models]
    for model in packed:
        if not isinstance(model, Model):
            raise SettingsError(f"{model!r} is no model", call, "give it what env.TvmModel returns")
    prefix = env.Dir(target)
    variables = overrides(env, call, settings, SETTINGS) | {"_TVM_STM32_PREFIX": prefix}
    nodes = []
    for model in packed:
        files = [prefix.File(name) for name in package_files(model.name, model.interface)]
        sources = [model.manifest, model.library, *(node for node in model.sources if node.name.endswith(".h"))]
        nodes += generator.run(env, files, sources, "TVM_STM32_CMAKEPACKAGE", **variables)
    package = env.subst(variables.get("TVM_STM32_PACKAGE", "$TVM_STM32_PACKAGE"))
    if package:
        files = [prefix.File(name) for name in components_files(package)]
        variables["_TVM_STM32_COMPONENTS"] = [model.name for model in packed]
        nodes += generator.run(env, files, [], "TVM_STM32_CMAKECOMPONENTS", **variables)
    return nodes
