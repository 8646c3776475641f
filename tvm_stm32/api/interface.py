# SPDX-License-Identifier: Apache-2.0
"""Which interfaces a library has, and the files it is made of. Build tools ask here, so nothing heavy is imported."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tvm_stm32.api.glow import GLOW
from tvm_stm32.api.layer import Layer
from tvm_stm32.api.stai import STAI
from tvm_stm32.api.stm32_port import STM32_PORT
from tvm_stm32.api.tflm import TFLM
from tvm_stm32.api.tvm_aot import TVM_AOT
from tvm_stm32.api.x_cube_ai import X_CUBE_AI
from tvm_stm32.codegen import artifacts
from tvm_stm32.errors import SettingsError

#: the interface that every library has
NATIVE = "native"
#: name -> every other
LAYERS: dict[str, Layer] = {layer.name: layer for layer in (X_CUBE_AI, STAI, STM32_PORT, TVM_AOT, TFLM, GLOW)}
#: values of --observer: whether to emit the run function that tells an observer; auto: if a chosen layer needs it
OBSERVER = ("auto", "yes", "no")
#: values of --accelerator: whether to emit the run function that offers nodes to an accelerator
ACCELERATOR = ("yes", "no")

#: ends of names of a layer's files that are for applications
_PUBLIC = (".h", ".hpp", ".txt", ".bin")


@dataclass(frozen=True, slots=True)
class Interface:
    """The layers of one library, and whether its runs can be observed, or use an accelerator."""

    api: tuple[str, ...]  #: names, in the order of the include folders; the native one is always there
    observer: bool
    accelerator: bool = False
    pools: bool = False  #: memory is in pools

    @property
    def layers(self) -> list[Layer]:
        """The layers beside the native interface."""
        return [LAYERS[name] for name in self.api if name != NATIVE]

    def options(self) -> list[str]:
        """The words by which ``tvm-stm32 compile`` is asked for it; none for what it does anyway."""
        if (self.api, self.observer, self.accelerator) == ((NATIVE,), False, False):
            return []
        accelerator = ["--accelerator", "yes"] if self.accelerator else []
        return ["--api", ",".join(self.api), "--observer", "yes" if self.observer else "no", *accelerator]

    def artifact_names(self, name: str) -> list[str]:
        """Every file that compiling a model called `name` writes, in a fixed order."""
        return [
            *artifacts.artifact_names(name, self.observer, self.accelerator, self.pools),
            *(file for layer in self.layers for file in layer.files(name)),
        ]

    def header_names(self, name: str) -> list[str]:
        """The headers that applications include, and data that they load; the rest is internal to the library."""
        names = self.artifact_names(name)
        public = artifacts.header_names(name, self.observer, self.accelerator, self.pools)
        return public + [file for file in names if file.startswith("api/") and file.endswith(_PUBLIC)]

    def source_names(self, name: str) -> list[str]:
        """The C files a library of the model is compiled from."""
        return [file for file in self.artifact_names(name) if file.endswith(".c")]

    def kept_symbols(self, name: str) -> list[str]:
        """Symbols of the library that the linker must take from it although nothing refers to them (``-u``)."""
        return [symbol.replace("@", name) for layer in self.layers for symbol in layer.keeps]

    def include_folders(self) -> list[str]:
        """Where the headers are, relative to the model's folder, "." for itself, in the order of the choice.

        Several interfaces have a ``<name>.h``: of those chosen the first is found.
        """
        folders = ["." if name == NATIVE else f"api/{LAYERS[name].folder}" for name in self.api]
        return folders if "." in folders else [*folders, "."]


def choose(
    api: str | Sequence[str] = NATIVE, observer: str = "auto", accelerator: str = "no", pools: bool = False
) -> Interface:
    """The interface that a user asks for.

    Args:
        api: names, or one text of names between commas.
        observer: one of `OBSERVER`.
        accelerator: one of `ACCELERATOR`.
        pools: memory is in pools.

    Raises:
        SettingsError: a name that there is not, or none; an interface that knows no pools.
    """
    given = api.split(",") if isinstance(api, str) else api
    names = tuple(dict.fromkeys(name.strip() for name in given if name.strip()))
    known = [NATIVE, *LAYERS]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"is {near[0]} meant? " if near else ""
            raise SettingsError(f"there is no interface {name!r}", "--api", f"{hint}there are {', '.join(known)}")
    if not names:
        raise SettingsError("no interface is named", "--api", f"there are {', '.join(known)}")
    if pools and any(name != NATIVE for name in names):
        others = ", ".join(name for name in names if name != NATIVE)
        raise SettingsError(f"{others} knows one piece of memory, not pools", "--memory-pools", "leave one of them out")
    wanted = any(LAYERS[name].observes for name in names if name != NATIVE)
    if pools and accelerator == "yes":
        raise SettingsError("an accelerator knows one piece of memory, not pools", "--memory-pools", "leave one out")
    return Interface(names, wanted if observer == "auto" else observer == "yes", accelerator == "yes", pools)


def main(arguments: Sequence[str]) -> int:
    """For CMake: print a line each of a model's files, folders of headers, and kept symbols.

    Args:
        arguments: the model's name, interfaces, whether with an observer and an accelerator, memory pools or nothing.
    """
    name, api, observer, accelerator, pools = arguments
    try:
        interface = choose(api, observer, accelerator, bool(pools))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    print(*interface.artifact_names(name))
    print(*interface.include_folders())
    print(*interface.kept_symbols(name), ".")  # CMake's lists have no empty items at their end
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
