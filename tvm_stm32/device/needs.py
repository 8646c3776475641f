# SPDX-License-Identifier: Apache-2.0
"""What a compiled model takes of the memories of a part: read from its manifest, and set against any part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tvm_stm32.device.linker_script import linker_regions
from tvm_stm32.device.part import MemoryRegion, Part
from tvm_stm32.errors import SettingsError

#: addresses at which Cortex-M cores have memory outside of the part
_EXTERNAL = MemoryRegion("EXTERNAL", 0x60000000, 0x40000000, "rwx")


@dataclass(frozen=True, slots=True)
class Need:
    """`size` bytes for the array `symbol` in the memory that a part calls `memory`, or where `address` is.

    The address of a memory that is named is -1.
    """

    symbol: str
    size: int
    memory: str
    address: int = -1

    def region(self, part: Part) -> MemoryRegion | None:
        """The memory of `part` that it is in; None: the part has no such memory."""
        regions = linker_regions(part)
        if self.address >= 0:
            return next((region for region in regions if region.holds(self.address)), None)
        return next((region for region in regions if region.name == self.memory), None)

    @property
    def external(self) -> bool:
        """Whether it is in memory outside of every part, such as a serial flash."""
        return _EXTERNAL.holds(self.address)


def read_needs(manifest: Path) -> list[Need]:
    """The needs of the model whose manifest, the .json of `compile`, is at `manifest`. Its code comes on top.

    Raises:
        SettingsError: it cannot be read, or is something else.
    """
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        groups = [_need(group, "FLASH") for group in content.get("groups", [])]
        weights = content["parameters_size"] - sum(group.size for group in groups)
        pools = [_need(pool, "RAM") for pool in content["pools"]]
        return [Need("weights", weights, "FLASH"), *groups, *pools]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "it is the .json that `tvm-stm32 compile` writes"
        raise SettingsError("no manifest of a compiled model", str(manifest), hint) from error


def left(part: Part, needs: list[Need]) -> dict[str, int]:
    """Memory of `part` -> the bytes that `needs` leave of it, less than 0 where they do not fit."""
    sizes = {region.name: region.size for region in linker_regions(part)}
    for need in needs:
        region = need.region(part)
        if region:
            sizes[region.name] -= need.size
    return sizes


def missing(part: Part, needs: list[Need]) -> list[Need]:
    """Those of `needs` for which `part` has no memory; external memory is not the part's business."""
    return [need for need in needs if not need.external and not need.region(part)]


def _need(array: dict[str, Any], elsewhere: str) -> Need:
    """That of a pool or of a group of constants; with neither memory nor address it is in the memory `elsewhere`."""
    memory, address = array.get("memory", ""), array.get("address", -1)
    named = memory or (elsewhere if address < 0 else "")
    return Need(array.get("symbol") or "activations", array["size"], named, -1 if named else address)
