# SPDX-License-Identifier: Apache-2.0
"""What tells GNU ld where memory pools are: a script with ``INSERT``, which augments that of any firmware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tvm_stm32.codegen.environment import c_environment
from tvm_stm32.codegen.manifest import Manifest
from tvm_stm32.errors import CapacityError, SettingsError
from tvm_stm32.memory.buffer import aligned


@dataclass(frozen=True, slots=True)
class Held:
    """An array, or the constants of a group, in a pool of known address."""

    symbol: str
    size: int
    alignment: int
    section: str  #: of the symbol
    access: str  #: "rw" or "r"
    pool: str  #: name
    address: int  #: of the pool
    capacity: int  #: bytes of the pool

    @property
    def placed(self) -> bool:
        """Whether this script places it, rather than the firmware's own, by the name of a section of that."""
        return self.section in (f".bss.{self.symbol}", f".rodata.{self.symbol}")

    @property
    def end(self) -> int:
        """The first address behind the pool."""
        return self.address + self.capacity


@dataclass(frozen=True, slots=True)
class Region:
    """A pool as a memory region of the script, and what is in it."""

    name: str
    held: list[Held]

    @property
    def first(self) -> Held:
        """It knows the pool's address and size."""
        return self.held[0]


def arrays(manifest: Manifest) -> list[Held]:
    """The library's arrays of working memory that are in pools of known address."""
    return [
        Held(p.symbol, p.size, p.alignment, p.section, "rw", p.pool, p.address, p.capacity)
        for p in manifest.pools
        if p.pool and p.address >= 0
    ]


def constants(manifest: Manifest) -> list[Held]:
    """The groups of constants that are."""
    return [
        Held(g.symbol, g.size, g.alignment, g.section, "r", g.pool, g.address, g.capacity)
        for g in manifest.groups
        if g.linked and g.address >= 0
    ]


def render_fragment(name: str, titles: Sequence[str], held: Sequence[Held]) -> str:
    """The script for the model, or the group of models, called `name`; `titles` are lines for its reader.

    Raises:
        SettingsError: two pools overlap.
        CapacityError: what is in a pool exceeds it; with the figures.
    """
    placed = [one for one in held if one.placed]
    regions: dict[tuple[int, int], Region] = {}
    for one in placed:
        region = regions.setdefault((one.address, one.capacity), Region(f"{name}_{one.pool}".upper(), []))
        region.held.append(one)
    ordered = sorted(regions.values(), key=lambda region: region.first.address)
    for low, high in pairwise(ordered):
        if low.first.end > high.first.address:
            raise SettingsError(
                f"pools {low.first.pool} and {high.first.pool} overlap by {low.first.end - high.first.address:,} bytes",
                name,
                "compile the models with the same file of memory pools",
            )
    for region in ordered:
        needed = 0
        for one in region.held:
            needed = aligned(needed, one.alignment) + one.size
        if needed > region.first.capacity:
            what = ", ".join(f"{one.symbol} {one.size:,}" for one in region.held)
            raise CapacityError(
                f"pool {region.first.pool} has {region.first.capacity:,} bytes, in it are to be {needed:,}: {what}",
                name,
                "name a larger pool",
            )
    template = c_environment().get_template("pools.ld.j2")
    sectioned = [one for one in held if not one.placed]
    return template.render(name=name, titles=titles, regions=ordered, sectioned=sectioned)
