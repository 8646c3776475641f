# SPDX-License-Identifier: Apache-2.0
"""What lies in which memory pool: activations as planned, and weights by how often the calls read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tvm_stm32.codegen.accesses import parameter_accesses
from tvm_stm32.codegen.compiled_model import Call, Parameter, PlacedPool
from tvm_stm32.codegen.parameters import parameter_offsets
from tvm_stm32.errors import CapacityError
from tvm_stm32.memory.buffer import aligned
from tvm_stm32.memory.planner import Plan
from tvm_stm32.memory.pools import ARENA_ALIGNMENT, MAX_POOLS, Pool
from tvm_stm32.memory.weights import share_out

#: the C name of the first pool of working memory
ARENA = "activations"


def working_names(pools: Sequence[Pool], plans: Mapping[str, Plan]) -> dict[str, str]:
    """The C name of each pool with activations: the first is "activations", the others have their own."""
    used = [pool.name for pool in pools if pool.name in plans] or [p.name for p in pools if p.kind == "ram"][:1]
    return {name: name if index else ARENA for index, name in enumerate(used)}


def divide(
    pools: Sequence[Pool], plans: Mapping[str, Plan], calls: Sequence[Call], parameters: Sequence[Parameter]
) -> tuple[list[PlacedPool], list[Parameter]]:
    """The pools that are used, and the parameters, each with its pool.

    Raises:
        CapacityError: the weights do not fit, or are in more pools than an instance knows.
    """
    names = working_names(pools, plans)
    sizes = {name: aligned(plans[name].size, ARENA_ALIGNMENT) if name in plans else 0 for name in names}
    bounds = {name: plans[name].lower_bound if name in plans else 0 for name in names}
    holders = [pool for pool in pools if pool.weights]
    if not any(pool.kind == "flash" for pool in holders):
        holders.append(Pool("weights", kind="flash", speed=max(pool.speed for pool in pools) + 1, weights=True))
    room = {pool.name: _room(pool, sizes.get(pool.name, 0)) for pool in holders}
    needed = {parameter.c_name: aligned(len(parameter.values), 4) for parameter in parameters}
    chosen = share_out(needed, parameter_accesses(calls, parameters), holders, room)
    main = next((pool.name for pool in holders if pool.kind == "flash" and is_main(pool)), "")
    kept = [msgspec.structs.replace(p, pool=chosen[p.c_name] if chosen[p.c_name] != main else "") for p in parameters]

    ram = [pool for pool in pools if pool.name in names or (pool.kind == "ram" and pool.name in chosen.values())]
    ram.sort(key=lambda pool: names.get(pool.name) != ARENA)
    flash = [pool for pool in holders if pool.kind == "flash" and pool.name in chosen.values()]
    if len(ram) > MAX_POOLS or len(set(chosen.values()) - {main}) >= MAX_POOLS:
        raise CapacityError(
            f"activations and weights are in {len(ram)} pools of RAM and {len(flash)} of flash, an instance knows"
            f" {MAX_POOLS} of each",
            "memory pools",
            "name fewer pools",
        )
    placed = [
        PlacedPool(
            pool=pool,
            c_name="" if pool.name == main else names.get(pool.name, pool.name),
            activations=sizes.get(pool.name, 0),
            lower_bound=bounds.get(pool.name, 0),
            weights=parameter_offsets([p for p in parameters if chosen[p.c_name] == pool.name])[-1],
        )
        for pool in [*ram, *flash]
    ]
    return placed, kept


def is_main(pool: Pool) -> bool:
    """Whether a flash is where the linker script puts constants: its weights are ``<model>_weights``."""
    return pool.linked and not pool.placed and not pool.section


def _room(pool: Pool, taken: int) -> int:
    """Bytes that a pool has for weights; -1: no bound is known."""
    if pool.size < 0:
        return -1
    return max(0, pool.size - aligned(taken, max(ARENA_ALIGNMENT, pool.alignment)))
