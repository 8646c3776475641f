# SPDX-License-Identifier: Apache-2.0
"""Models that take turns in a build: ``env.TvmGroup`` makes the working memory that they share."""

from __future__ import annotations

from typing import Any

from tvm_stm32.codegen.artifacts import group_names
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.errors import SettingsError
from tvm_stm32.scons import generator, library
from tvm_stm32.scons.errors import pseudo_builder
from tvm_stm32.scons.model import Model
from tvm_stm32.scons.nodes import Nodes, path_from_top


def defaults() -> dict[str, Any]:
    """The construction variables of this module, for ``env.SetDefault``."""
    command = f"{generator.COMMAND} group $_TVM_STM32_GROUP $SOURCES --output ${{TARGET.dir}}"
    return {"TVM_STM32_GROUPCOM": command}


class Group(Nodes):
    """What ``env.TvmGroup`` returns: among sources it is the object with the shared memory.

    `flags` is for ``env.MergeFlags`` in place of those of the models; `fragment` is what tells the linker of memory
    pools, or None.
    """

    def __init__(self, objects: list[Any], models: list[Model], folder: Any, name: str) -> None:
        super().__init__(objects)
        self.models = models
        placed = any(model.fragment for model in models)
        self.fragment = folder.File(group_names(name)[-1]) if placed else None
        link = dict.fromkeys(flag for model in models for flag in model.flags.get("LINKFLAGS", []))
        own = [flag for flag in link if flag not in {model.placement for model in models}]
        own += [f"-Wl,-T,{path_from_top(self.fragment)}"] if placed else []
        self.flags = {
            "CPPPATH": [folder, *(path for model in models for path in model.flags["CPPPATH"])],
            "LIBS": [*(model.library for model in models), "m"],
            **({"LINKFLAGS": own} if own else {}),
        }


@pseudo_builder
def group(env: Any, target: str, models: list[Model]) -> Group:
    """``env.TvmGroup``: one working memory for models that take turns, as large as the most that one of them needs.

    Args:
        env: as for ``env.TvmModel``.
        target: the folder, such as "turns" or "generated/turns"; its last part is the name of the group in C.
        models: what ``env.TvmModel`` has returned, two at least.
    """
    folder = env.Dir(target)
    call = f"TvmGroup({str(target)!r})"
    for model in models:
        if not isinstance(model, Model):
            raise SettingsError(f"{model!r} is no model", call, "give it what env.TvmModel returns")
    try:
        check_name(folder.name)
    except SettingsError as error:
        raise SettingsError(error.what, call, error.hint) from None
    files = [folder.File(name) for name in group_names(folder.name)]
    manifests = [model.manifest for model in models]
    generator.run(env, files, manifests, "TVM_STM32_GROUP", _TVM_STM32_GROUP=folder.name)
    including = env.Clone()
    including.Append(
        TVM_STM32_CCFLAGS=[f"-I{path_from_top(path)}" for model in models for path in model.flags["CPPPATH"]]
    )
    objects = library.objects(including, [files[1]])
    headers = [node for model in models for node in model.sources if node.name.endswith(".h")]
    env.Depends(objects, [files[0], *headers])
    return Group(objects, list(models), folder, folder.name)
