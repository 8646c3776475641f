# SPDX-License-Identifier: Apache-2.0
"""Memory pools: the memories that activations and weights may lie in, and what makes a set of them wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from tvm_stm32.errors import SettingsError

#: pools of working memory, and groups of weights, that an instance holds; TVM_AI_MAX_POOLS of tvm_ai_pools.h
MAX_POOLS = 8
#: bytes; what working memory is aligned to at its start, and a multiple of
ARENA_ALIGNMENT = 8
#: bytes; kernels read words
LEAST_ALIGNMENT = 4

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Pool(msgspec.Struct, frozen=True):
    """A memory for buffers of the run function, for weights, or for both.

    Where it is: at `address`, in a linker section called `section`, or, with neither, where the firmware's linker
    script puts ordinary variables (RAM) or constants (flash).
    """

    name: str  # C identifier in lower case
    kind: str = "ram"  # "ram" or "flash"
    address: int = -1  # of its first byte; -1: not known
    size: int = -1  # bytes that may be used; -1: no bound is known
    section: str = ""  # of the firmware's own linker script
    memory: str = ""  # of the part, as in the linker script that is generated for it; "" outside of those
    alignment: int = LEAST_ALIGNMENT  # bytes; of each buffer and each group of weights
    speed: int = 0  # rank: the least is the fastest
    internal: bool = False  # no input or output of the model lies there
    weights: bool = False  # holds weights; in RAM: copies that create makes
    linked: bool = True  # False: its weights are a file of their own, to be programmed at `address`
    scripted: bool = False  # the linker script has it for ordinary variables or constants: nothing is placed by address

    @property
    def end(self) -> int:
        """The first address behind it, of a pool whose address and size are known."""
        return self.address + self.size

    @property
    def room(self) -> int:
        """Bytes for working memory, whose size is a multiple of what it is aligned to; -1: no bound is known."""
        return self.size // ARENA_ALIGNMENT * ARENA_ALIGNMENT if self.size >= 0 else -1

    @property
    def located(self) -> bool:
        """Whether address and size are known."""
        return self.address >= 0 and self.size >= 0

    @property
    def placed(self) -> bool:
        """Whether what it holds has to be put at its address."""
        return self.located and not self.section and not self.scripted

    def describe(self) -> str:
        """Name, size and place for a message: "dtcm (131,072 bytes at 0x20000000)"."""
        size = f"{self.size:,} bytes" if self.size >= 0 else "no size given"
        place = f" at 0x{self.address:08x}" if self.address >= 0 else f" in section {self.section}" * bool(self.section)
        return f"{self.name} ({size}{place})"


def check_pools(pools: Sequence[Pool], where: str) -> None:
    """Refuse a set of pools that contradicts itself.

    Args:
        pools: all of them.
        where: the file they are from.

    Raises:
        SettingsError: names, sizes, alignments or addresses are wrong, or two pools overlap; with the figures.
    """
    if not any(pool.kind == "ram" for pool in pools):
        raise SettingsError("no pool for activations", where, "name at least one pool of kind ram")
    names = [pool.name for pool in pools]
    for index, pool in enumerate(pools):
        place = f"{where}, pool {pool.name}"
        if not _NAME.fullmatch(pool.name) or pool.name in ("activations", "application", "weights", "parameters"):
            raise SettingsError(f"{pool.name!r} cannot name a pool", where, "a letter, then letters, digits and _")
        if pool.name in names[:index]:
            raise SettingsError(f"two pools are called {pool.name}", where)
        _check_pool(pool, place)
    unlinked = [pool for pool in pools if not pool.linked]
    if len(unlinked) > 1:
        what = "more than one pool is not linked: " + ", ".join(pool.describe() for pool in unlinked)
        raise SettingsError(what, where, "the weights of one pool can be a file of their own")
    located = sorted((pool for pool in pools if pool.located), key=lambda pool: pool.address)
    for low, high in pairwise(located):
        if low.end > high.address:
            raise SettingsError(
                f"pools {low.describe()} and {high.describe()} overlap by {low.end - high.address:,} bytes",
                where,
                "make the first smaller, or move the second",
            )


def _check_pool(pool: Pool, where: str) -> None:
    if pool.kind not in ("ram", "flash"):
        raise SettingsError(f"there is no kind of memory {pool.kind!r}", where, "it is ram or flash")
    if pool.size == 0:
        raise SettingsError("it has no bytes", where, "size: 64K, for example")
    alignment = pool.alignment
    if alignment < LEAST_ALIGNMENT or alignment & (alignment - 1):
        hint = f"a power of two, {LEAST_ALIGNMENT} or more"
        raise SettingsError(f"buffers cannot be aligned to {alignment} bytes", where, hint)
    if pool.address >= 0 and pool.address % alignment:
        raise SettingsError(f"its address 0x{pool.address:08x} is no multiple of its alignment, {alignment}", where)
    if pool.located and pool.end > 1 << 32:
        raise SettingsError(f"{pool.describe()} ends beyond 32 bits", where)
    if pool.address >= 0 and pool.size < 0:
        raise SettingsError(f"a pool at 0x{pool.address:08x} needs a size", where, "size: 64K, for example")
    if not pool.linked and (pool.kind == "ram" or pool.address < 0):
        raise SettingsError(
            "weights that are not linked need a flash at a known address", where, "kind: flash, address: 0x90000000"
        )
    if pool.kind == "ram" and pool.weights and pool.size < 0:
        raise SettingsError("RAM that weights are copied to needs a size", where, "size: 64K, for example")
    if pool.kind == "flash" and not pool.weights:
        raise SettingsError("activations cannot be in flash", where, "kind: ram, or holds: weights")
