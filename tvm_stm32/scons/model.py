# SPDX-License-Identifier: Apache-2.0
"""A model in a build: ``env.TvmModelSources`` makes its C, ``env.TvmModel`` its library as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tvm_stm32.api.interface import ACCELERATOR, NATIVE, OBSERVER, Interface, choose
from tvm_stm32.codegen.artifacts import linker_fragment
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.device.part import FROM_PART
from tvm_stm32.errors import SettingsError
from tvm_stm32.scons import generator, library, machine
from tvm_stm32.scons.errors import construction_variable, pseudo_builder
from tvm_stm32.scons.external_weights import SCANNER, original
from tvm_stm32.scons.nodes import Nodes, path_from_top
from tvm_stm32.scons.settings import overrides

#: keyword of the pseudo-builders, and construction variable without ``TVM_STM32_`` -> its choices; none: any text
SETTINGS: dict[str, tuple[str, ...]] = {
    "PART": (),
    "CPU": (),
    "OPTIMIZE": ("time", "ram", "balanced"),
    "INPUTS": ("arena", "application"),
    "OUTPUTS": ("arena", "application"),
    "FLOAT_ABI": ("hard", "soft", "any"),
    "API": (),
    "OBSERVER": OBSERVER,
    "ACCELERATOR": ACCELERATOR,
    "MEMORY_POOLS": (),
}


def defaults() -> dict[str, Any]:
    """The construction variables of this module, for ``env.SetDefault``."""
    return {
        "TVM_STM32_PART": "",
        "TVM_STM32_CPU": construction_variable(machine.cpu),
        "TVM_STM32_OPTIMIZE": "balanced",
        "TVM_STM32_INPUTS": "arena",
        "TVM_STM32_OUTPUTS": "arena",
        "TVM_STM32_API": [NATIVE],
        "TVM_STM32_OBSERVER": "auto",
        "TVM_STM32_ACCELERATOR": "no",
        "TVM_STM32_MEMORY_POOLS": "",
        "_TVM_STM32_POOLS": [],
        "TVM_STM32_FLOAT_ABI": construction_variable(machine.float_abi),
        "TVM_STM32_COMPILECOM": f"{generator.COMMAND} compile $_TVM_STM32_MODEL --name ${{TARGET.filebase}}"
        " $_TVM_STM32_TARGET --optimize $TVM_STM32_OPTIMIZE --inputs $TVM_STM32_INPUTS --outputs $TVM_STM32_OUTPUTS"
        " --float-abi $TVM_STM32_FLOAT_ABI $_TVM_STM32_INTERFACE $_TVM_STM32_POOLS --output ${TARGET.dir}",
        "_TVM_STM32_MODEL": _model_file,
        "_TVM_STM32_TARGET": construction_variable(machine.target_options),
    }


def _model_file(target: Any, source: Any, env: Any, for_signature: bool) -> list[str]:  # noqa: ARG001
    """The path of the model as a word of the command; see `external_weights.original`."""
    return [str(original(source[0].get()))]


class Model(Nodes):
    """What ``env.TvmModel`` returns: among sources or libraries it is the library, ``lib<name>.a``.

    `flags` is for ``env.MergeFlags``: where the headers are, and what to link. `fragment` is what tells the linker of
    memory pools, or None; a program depends on it.
    """

    def __init__(self, sources: list[Any], library_nodes: list[Any], interface: Interface, placed: bool) -> None:
        super().__init__(library_nodes)
        self.sources = sources
        self.interface = interface
        self.header, self.manifest = (
            next(node for node in sources if node.name.endswith(suffix)) for suffix in (".h", ".json")
        )
        self.library = library_nodes[0]
        self.name = str(self.header.name).removesuffix(".h")
        folders = [self.header.dir.Dir(folder) for folder in interface.include_folders()]
        self.flags = {"CPPPATH": folders, "LIBS": [self.library, "m"]}
        self.fragment = self.header.dir.File(linker_fragment(self.name)) if placed else None
        link = [f"-Wl,-u,{symbol}" for symbol in interface.kept_symbols(self.name)]
        self.placement = f"-Wl,-T,{path_from_top(self.fragment)}" if placed else ""
        link += [self.placement] if placed else []
        if link:
            self.flags["LINKFLAGS"] = link


@pseudo_builder
def model_sources(env: Any, target: str, model: Any, **settings: Any) -> list[Any]:
    """``env.TvmModelSources``: generate the C of a model into the folder `target`.

    Args:
        env: `TVM_STM32_PART`, or else its compiler, says which core and float ABI to generate for.
        target: the folder, such as "kws" or "generated/kws"; its last part is the name of the model in C.
        model: the .tflite, .onnx or .pt2 file.
        settings: any of `SETTINGS`, in place of the construction variable ``TVM_STM32_<setting>``.

    Returns:
        The files, in the order of `Interface.artifact_names`.
    """
    folder = env.Dir(target)
    call = f"TvmModel({str(target)!r})"
    try:
        check_name(folder.name)
    except SettingsError as error:
        raise SettingsError(error.what, call, error.hint) from None
    interface = _interface(env, call, settings)
    variables = overrides(env, call, settings, SETTINGS)
    variables["_TVM_STM32_INTERFACE"] = interface.options()
    pools = _memory_pools(env, settings)
    if pools:
        variables["_TVM_STM32_POOLS"] = ["--memory-pools", pools if pools == FROM_PART else path_from_top(pools)]
    model = env.arg2nodes(model)
    if len(model) != 1:
        raise SettingsError(f"a model is one file, these are {len(model)}", call, "make one TvmModel of each")
    files = [folder.File(name) for name in interface.artifact_names(folder.name)]
    nodes = generator.run(env, files, model, "TVM_STM32_COMPILE", source_scanner=SCANNER, **variables)
    if pools and pools != FROM_PART:
        env.Depends(nodes, pools)
    return nodes


@pseudo_builder
def model_library(env: Any, target: str, model: Any, **settings: Any) -> Model:
    """``env.TvmModel``: `model_sources`, and ``<target>/lib<name>.a`` compiled for the environment's machine."""
    sources = env.TvmModelSources(target, model, **settings)
    folder = sources[0].dir
    interface = _interface(env, f"TvmModel({str(target)!r})", settings)
    members = library.objects(env, [folder.File(name) for name in interface.source_names(folder.name)])
    placed = interface.pools and machine.is_cortex_m(env)  # a host has no such memories
    return Model(sources, library.archive(env, folder.File(f"lib{folder.name}.a"), members), interface, placed)


def _memory_pools(env: Any, settings: Mapping[str, Any]) -> Any:
    """What MEMORY_POOLS of a call or of `env` says: the word "part", the node of a file, or "" for nothing."""
    given = settings.get("MEMORY_POOLS", env["TVM_STM32_MEMORY_POOLS"])
    if not given or given == FROM_PART:
        return given
    (node,) = env.arg2nodes(given)
    return original(node)


def _interface(env: Any, call: str, settings: Mapping[str, Any]) -> Interface:
    """What API, OBSERVER, ACCELERATOR and MEMORY_POOLS of a call or of `env` ask for.

    Raises:
        SettingsError: an interface that there is not, or that knows no pools.
    """
    asked = (settings.get(name, env[f"TVM_STM32_{name}"]) for name in ("API", "OBSERVER", "ACCELERATOR"))
    api, observer, accelerator = asked
    try:
        names = [name for word in env.Split(api) for name in word.split(",")]
        pools = bool(_memory_pools(env, settings))
        return choose(names, env.subst(observer), env.subst(accelerator), pools)
    except SettingsError as error:
        raise SettingsError(error.what, call, error.hint) from None
