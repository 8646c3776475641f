# SPDX-License-Identifier: Apache-2.0
"""Firmware in a build: ``env.TvmFirmware`` links it for a part, ``env.TvmRun`` boots it on an emulated board."""

from __future__ import annotations

from collections import UserList
from collections.abc import Iterator
from typing import Any

from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.errors import SettingsError
from tvm_stm32.scons import generator, library
from tvm_stm32.scons.errors import construction_variable, pseudo_builder
from tvm_stm32.scons.group import Group
from tvm_stm32.scons.model import Model
from tvm_stm32.scons.nodes import Nodes
from tvm_stm32.scons.settings import overrides
from tvm_stm32.scons.toolchain import binutils, part_of

#: What runs before main, and where everything goes; in the folder <firmware>_startup.
_STARTUP_FILES = ("startup.c", "link.ld")
#: keyword of ``env.TvmFirmware``, and construction variable without ``TVM_STM32_``: all take any value
SETTINGS: dict[str, tuple[str, ...]] = {"STACK": (), "HEAP": (), "PLACE": ()}
#: the emulator that suits the part, of those that are installed
_AUTO = "auto"
#: as `SETTINGS`, of ``env.TvmRun``, with the values there are
RUN_SETTINGS: dict[str, tuple[str, ...]] = {"EMULATOR": (_AUTO, *Emulator)}


def defaults() -> dict[str, Any]:
    """The construction variables of this module, for ``env.SetDefault``."""
    command, part = generator.COMMAND, "--part $TVM_STM32_PART"
    return {
        "TVM_STM32_STACK": "",
        "TVM_STM32_HEAP": "",
        "TVM_STM32_PLACE": {},
        "TVM_STM32_STARTUPCOM": f"{command} startup {part} $_TVM_STM32_MEMORY --output ${{TARGET.dir}}",
        "TVM_STM32_LINKFLAGS": ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections"],
        "TVM_STM32_SIZECOM": f"{command} size $TARGET {part}",
        "TVM_STM32_OBJCOPY": construction_variable(lambda env: binutils(env, "objcopy")),
        "TVM_STM32_BINCOM": "$TVM_STM32_OBJCOPY -O binary $_TVM_STM32_BINFLAGS $SOURCE $TARGET",
        "_TVM_STM32_BINFLAGS": [],
        "TVM_STM32_HEXCOM": "$TVM_STM32_OBJCOPY -O ihex $SOURCE $TARGET",
        "TVM_STM32_EMULATOR": _AUTO,
        "TVM_STM32_RUNFLAGS": [],
        "TVM_STM32_RUNCOM": f"{command} run $SOURCE {part} $_TVM_STM32_EMULATOR_OPTION $TVM_STM32_RUNFLAGS",
        "_TVM_STM32_MEMORY": construction_variable(_memory_options),
        "_TVM_STM32_EMULATOR_OPTION": construction_variable(_emulator_option),
    }


def _memory_options(env: Any) -> list[str]:
    """The options of the linker script: stack, heap, and arrays outside the RAM."""
    options = [f"--{name.lower()}={env[f'TVM_STM32_{name}']}" for name in ("STACK", "HEAP") if env[f"TVM_STM32_{name}"]]
    return options + [f"--place={array}={region}" for array, region in sorted(env["TVM_STM32_PLACE"].items())]


def _emulator_option(env: Any) -> list[str]:
    emulator = env.subst("$TVM_STM32_EMULATOR")
    return [] if emulator == _AUTO else [f"--emulator={emulator}"]


class Firmware(Nodes):
    """What ``env.TvmFirmware`` returns: in a list of nodes it is all its files."""

    def __init__(self, elf: Any, map_file: Any, images: dict[str, Any]) -> None:
        super().__init__([elf, map_file, *images.values()])
        self.elf, self.map = elf, map_file
        self.bin, self.hex = images.get("bin"), images["hex"]


@pseudo_builder
def firmware(env: Any, target: str, sources: Any, **settings: Any) -> Firmware:
    """``env.TvmFirmware``: link <target>.elf for `TVM_STM32_PART`, with .map, .bin and .hex, and print its sizes.

    There is no .bin for a part whose vector table is far from its code, which would be all gap.

    Args:
        env: compiles and links with its own flags; `TVM_STM32_LINKFLAGS` come on top.
        target: the name of the firmware, without a suffix.
        sources: C, C++ and assembler files, objects, libraries, and what ``env.TvmModel`` returns, whose headers are
            then found, and so is ``semihosting.h``.
        settings: any of `SETTINGS`: STACK and HEAP in bytes, PLACE={"kws_activations": "CCM"}, for a memory of the
            part other than its RAM.
    """
    call = f"TvmFirmware({str(target)!r})"
    if not env.subst("$TVM_STM32_PART"):
        hint = 'Environment(..., TVM_STM32_PART="STM32F405RGT6")'
        raise SettingsError("a linker script and a start-up need to know the part", call, hint)
    variables = overrides(env, call, settings, SETTINGS)
    files = [env.File(f"{target}_startup/{name}") for name in _STARTUP_FILES]
    startup, script = generator.run(env, files, [], "TVM_STM32_STARTUP", **variables)
    items = list(_items(sources))
    libraries = [item for item in items if isinstance(item, Model | Group)]
    grouped = {id(model) for item in libraries if isinstance(item, Group) for model in item.models}
    libraries = [item for item in libraries if id(item) not in grouped]
    linked = _linking_environment(env, libraries, script)
    objects = [item for item in items if not isinstance(item, Model)] + library.objects(env, [startup])
    elf, map_file = linked.Program([f"{target}.elf", f"{target}.map"], objects)
    linked.Depends(elf, [script, *(item.fragment for item in libraries if item.fragment)])
    linked.AddPostAction(elf, generator.action("TVM_STM32_SIZE"))
    # weights in another flash are far from the program: not in an image that has every byte between, for the part's own
    models = [model for item in libraries for model in (item.models if isinstance(item, Group) else [item])]
    linked["_TVM_STM32_BINFLAGS"] = [f"--remove-section=.{model.name}_weights_*" for model in models if model.fragment]
    images = {
        suffix: linked.Command(f"{target}.{suffix}", elf, generator.action(f"TVM_STM32_{suffix.upper()}"))[0]
        for suffix in (("bin", "hex") if _in_one_piece(env) else ("hex",))
    }
    return Firmware(elf, map_file, images)


def _in_one_piece(env: Any) -> bool:
    """Whether vector table and code of the part lie in one memory. A part that there is not is for commands to tell."""
    try:
        part = part_of(env.subst("$TVM_STM32_PART"))
    except SettingsError:
        return True
    return part.vectors == part.flash


def _items(sources: Any) -> Iterator[Any]:
    """`sources` without nesting; models and groups stay what they are."""
    if isinstance(sources, Model | Group) or not isinstance(sources, list | tuple | UserList):
        yield sources
    else:
        for source in sources:
            yield from _items(source)


def _linking_environment(env: Any, models: list[Model | Group], script: Any) -> Any:
    """`env` with what it takes to compile for and link with `models` by the linker `script`."""
    linked = env.Clone(PROGSUFFIX=".elf")
    if not env.get("VERBOSE"):
        compilers = ("CCCOMSTR", "CXXCOMSTR", "ASCOMSTR", "ASPPCOMSTR")
        linked.SetDefault(**dict.fromkeys(compilers, "$TVM_STM32_CCCOMSTR"))
        linked.SetDefault(LINKCOMSTR="$TVM_STM32_LINKCOMSTR")
    for model in models:
        linked.MergeFlags(model.flags)
    linked.AppendUnique(delete_existing=True, LIBS=["m"])  # a library finds only what stands behind it
    linked.Append(CPPPATH=[str(generator.PACKAGE / "emulator")])  # semihosting.h, for firmware that prints on TvmRun
    linked.Append(LINKFLAGS=["$TVM_STM32_LINKFLAGS", "-T", script, "-Wl,-Map=${TARGETS[1]}"])
    linked.Append(SHELL_ENV_GENERATORS=[generator.shell_environment])
    return linked


@pseudo_builder
def run(env: Any, app: Any, **settings: Any) -> Any:
    """``env.TvmRun``: boot firmware on the emulated board for `TVM_STM32_PART`; its exit status is the action's.

    `TVM_STM32_RUNFLAGS` are further options of ``tvm-stm32 run``, such as ["--timeout", "10"].

    Args:
        env: has the part and the options.
        app: the firmware, or its ELF file.
        settings: any of `RUN_SETTINGS`: EMULATOR, "qemu" or "unicorn"; "auto" takes the one that suits the part.

    Returns:
        A node that is never up to date, and is built only when it, or an alias of it, is asked for.
    """
    elf = env.arg2nodes(app)[0]
    variables = overrides(env, f"TvmRun({str(elf)!r})", settings, RUN_SETTINGS)
    apart = "_" + settings["EMULATOR"] if settings else ""  # so that both can run it in one build
    nodes = generator.run(env, f"{elf}.run{apart}", elf, "TVM_STM32_RUN", **variables)
    env.AlwaysBuild(nodes)
    env.NoCache(nodes)
    env.Ignore(nodes[0].dir, nodes)
    return nodes
