# SPDX-License-Identifier: Apache-2.0
"""Which microkernels the layers of one model share: a special one is worth its code only where it saves enough."""

from __future__ import annotations

from collections.abc import Sequence

from tvm_stm32.kernels.choice import cycles
from tvm_stm32.kernels.implementation import Implementation

#: what a byte of code must save, in cycles of one inference
CYCLES_PER_BYTE = {"time": 4, "balanced": 12, "ram": 12}


def share(implementations: Sequence[Implementation], objective: str) -> list[Implementation]:
    """For each layer the implementation itself or one of its alternatives, such that cycles and code are least in sum.

    From the fastest kernels, and again from the more general ones, all layers of one microkernel are moved to another
    as long as that helps.
    """
    price = CYCLES_PER_BYTE[objective]
    options = [{_key(item): item for item in (first, *first.alternatives)} for first in implementations]
    costs = [
        {key: cycles(item.specification) for key, item in found.items()} if len(found) > 1 else {} for found in options
    ]
    code = {key: item.code_bytes for found in options for key, item in found.items()}

    def total(chosen: Sequence[str]) -> float:
        spent = sum(own[key] for own, key in zip(costs, chosen, strict=True) if own)
        return spent + price * sum(code[key] for key in set(chosen))

    def improved(chosen: Sequence[str]) -> Sequence[str]:
        while True:
            moves = [
                [target if key == source and target in own else key for own, key in zip(options, chosen, strict=True)]
                for source in sorted({key for own, key in zip(costs, chosen, strict=True) if own})
                for target in sorted({key for own in options if source in own for key in own})
            ]
            best = min(moves, key=total, default=chosen)
            if total(best) >= total(chosen):
                return chosen
            chosen = best

    starts = [
        [list(found)[min(n, len(found) - 1)] for found in options] for n in range(max(map(len, options), default=0))
    ]
    best = min(map(improved, starts), key=total, default=[])
    return [found[key] for found, key in zip(options, best, strict=True)]


def _key(implementation: Implementation) -> str:
    """The name of what its alternatives have in its place."""
    return implementation.microkernels[-1].name if implementation.microkernels else ""
