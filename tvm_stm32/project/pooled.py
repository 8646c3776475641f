# SPDX-License-Identifier: Apache-2.0
"""Memory pools of a project: what they may be beside the linker script that the project has."""

from __future__ import annotations

from pathlib import Path

from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.device.capacity import check_beside_stack
from tvm_stm32.device.part import FROM_PART, Part
from tvm_stm32.device.pools import memory_pools
from tvm_stm32.errors import SettingsError
from tvm_stm32.memory.pools import Pool


def project_pools(source: str, part: Part, folder: Path | None = None) -> tuple[Pool, ...]:
    """The memory pools that `source` names for a project for `part`: "part", a file, or "" for none.

    Args:
        source: as ``tvm-stm32 compile --memory-pools`` takes it, or "".
        part: what the project is for.
        folder: what the file is relative to; None: the current folder.

    Raises:
        SettingsError: the file is wrong, or says what a project cannot do by itself: use a section of another linker
            script or weights that are not in its program, or divide a memory that its linker script gives away whole.
    """
    if not source or source == FROM_PART:
        return memory_pools(source, part) if source else ()
    file = str(folder / source) if folder else source
    pools = memory_pools(file, part)
    for pool in pools:
        place = f"{file}, pool {pool.name}"
        if pool.section:
            hint = "leave it out: the linker is told of the pool's address"
            raise SettingsError(f"a project's linker script has no section {pool.section}", place, hint)
        if not pool.linked:
            hint = "leave out linked; or compile the model for firmware of your own"
            raise SettingsError("a project has all weights in its program", place, hint)
        for region in (part.ram, part.flash):
            if pool.placed and region.start < pool.address < region.end:
                hint = f"name it by memory: {region.name}; or an address outside of that"
                raise SettingsError(
                    f"the project's linker script gives all of {region.name} to the program", place, hint
                )
    return pools


def check_pools_beside_stack(part: Part, model: CompiledModel, what: str) -> None:
    """Check that what `model` has in pools of the main RAM of `part` fits there beside the stack.

    Raises:
        CapacityError: it does not.
    """
    used = sum(placed.size for placed in model.pools if placed.pool.scripted and placed.pool.kind == "ram")
    check_beside_stack(part, used, what)


def kept_name(source: str, model: str) -> str:
    """Where a project keeps the pools that `source` names: a file of its own, unless they are the part's, or none."""
    return f"models/{model}_pools{Path(source).suffix}" if source and source != FROM_PART else source
