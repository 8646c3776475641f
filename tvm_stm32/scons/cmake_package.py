# SPDX-License-Identifier: Apache-2.0
"""A CMake package in a build: ``env.TvmCMakePackage`` installs a model's library for ``find_package``."""

from __future__ import annotations

from typing import Any

from tvm_stm32.errors import SettingsError
from tvm_stm32.package.layout import package_files
from tvm_stm32.scons import generator, machine
from tvm_stm32.scons.errors import construction_variable, pseudo_builder
from tvm_stm32.scons.model import Model
from tvm_stm32.scons.settings import overrides

#: keyword of ``env.TvmCMakePackage``, and construction variable without ``TVM_STM32_``: all take any value
SETTINGS: dict[str, tuple[str, ...]] = {"PACKAGE_VERSION": ()}


def defaults() -> dict[str, Any]:
    """The construction variables of this module, for ``env.SetDefault``."""
    return {
        "TVM_STM32_PACKAGE_VERSION": "",
        "TVM_STM32_CMAKEPACKAGECOM": f"{generator.COMMAND} cmake-package ${{SOURCES[0]}} --library ${{SOURCES[1]}}"
        " $_TVM_STM32_PACKAGE_OPTIONS --output $_TVM_STM32_PREFIX",
        "_TVM_STM32_PACKAGE_OPTIONS": construction_variable(_options),
    }


def _options(env: Any) -> list[str]:
    version = env.subst("$TVM_STM32_PACKAGE_VERSION")
    return [*(["--version", version] if version else []), *([] if machine.is_cortex_m(env) else ["--host"])]


@pseudo_builder
def cmake_package(env: Any, target: str, model: Model, **settings: Any) -> list[Any]:
    """``env.TvmCMakePackage``: write a model's library, headers and CMake files below the folder `target`.

    The folder may hold the packages of several models; CMake finds them with it in CMAKE_PREFIX_PATH.

    Args:
        env: its compiler says whether the package is for a Cortex-M or for the host.
        target: the folder.
        model: what ``env.TvmModel`` has returned.
        settings: any of `SETTINGS`.

    Returns:
        The files, in the order of `package_files`.
    """
    call = f"TvmCMakePackage({str(target)!r})"
    if not isinstance(model, Model):
        raise SettingsError(f"{model!r} is no model", call, "give it what env.TvmModel returns")
    prefix = env.Dir(target)
    variables = overrides(env, call, settings, SETTINGS)
    files = [prefix.File(name) for name in package_files(model.name, model.interface)]
    sources = [model.manifest, model.library, *(node for node in model.sources if node.name.endswith(".h"))]
    return generator.run(env, files, sources, "TVM_STM32_CMAKEPACKAGE", _TVM_STM32_PREFIX=prefix, **variables)
