# SPDX-License-Identifier: Apache-2.0
"""What a layer is: another engine's interface to the same library. Build tools ask here: nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Layer:
    """An interface over the native one, in a folder of its own: ``api/<folder>`` of what is generated.

    File names hold ``@`` where the model's name belongs. Paths lead from ``tvm_stm32/api/<folder>``.
    """

    name: str  #: on the command line
    templates: Mapping[str, str]  #: file -> its template; rendered for each model
    runtime: Mapping[str, str] = field(default_factory=dict)  #: file -> what it is a copy of; the same for every model
    contents: Mapping[str, str] = field(default_factory=dict)  #: file -> what of the layer's context its bytes are
    observes: bool = False  #: has functions that need the run function with an observer
    cxx: bool = False  #: its headers are C++; its sources are C all the same
    excludes: tuple[str, ...] = ()  #: layers whose names collide: never in one translation unit, ``#error`` says so
    keeps: tuple[str, ...] = ()  #: symbols that a firmware needs though it never names them: the linker is told to

    @property
    def folder(self) -> str:
        """The name of its folder, here and in what is generated."""
        return self.name.replace("-", "_")

    def files(self, model: str) -> dict[str, str]:
        """File that is generated, relative to the model's folder -> template, runtime file or name in the context."""
        return {
            f"api/{self.folder}/{file.replace('@', model)}": source
            for file, source in (*self.templates.items(), *self.runtime.items(), *self.contents.items())
        }
