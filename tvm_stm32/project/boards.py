# SPDX-License-Identifier: Apache-2.0
"""The boards that a project is linked for: its part and, where QEMU has no board like it, one with the same core."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tvm_stm32.device.part import Part
from tvm_stm32.emulator.machine import Machine, machine_for_core, machine_for_part
from tvm_stm32.errors import ToolError
from tvm_stm32.memory.pools import Pool


@dataclass(frozen=True, slots=True)
class Board:
    """A linker script and a start-up are made for `part`, and lie in `folder` of the project.

    Working memory in the memory pools `apart` lies in another RAM than the main one.
    """

    folder: str
    part: Part
    apart: tuple[str, ...] = ()

    def placements(self, model: str) -> dict[str, str]:
        """Array of the model called `model` -> memory of the board, of what is `apart`.

        Of the pools that the model uses, the first has the array without a pool's name.
        """
        if not self.apart:
            return {}
        arrays = [f"{model}_activations", *(f"{model}_activations_{pool}" for pool in self.apart)]
        return dict.fromkeys(arrays, self.part.other_ram[0].name)


@dataclass(frozen=True, slots=True)
class Boards:
    """`target` is the real board; firmware linked for `emulated`, which may be the same, runs on `machine`."""

    target: Board
    emulated: Board
    machine: Machine

    @property
    def all(self) -> list[Board]:
        """Each board once."""
        return list(dict.fromkeys((self.target, self.emulated)))


def boards_for(part: Part, pools: Sequence[Pool] = ()) -> Boards:
    """The boards of a project for `part` whose network uses the memory pools `pools`.

    Where QEMU has no board with the part's memories, the firmware runs on one with much memory and a core for the same
    code: machine flags and objects stay those of the part, and only the linker script and the start-up differ. Of the
    memories that pools are placed in, QEMU's boards for parts have none; a second RAM stands for them, if there is one.
    """
    target = Board("board", part)
    if not any(pool.placed for pool in pools):
        with contextlib.suppress(ToolError):
            return Boards(target, target, machine_for_part(part))
    machine = machine_for_core(part.core)
    like = replace(machine.board, core=part.core, fpu=part.fpu)
    apart = tuple(pool.name for pool in pools if pool.placed and pool.kind == "ram") if like.other_ram else ()
    return Boards(target, Board("emulated", like, apart), machine)
