# SPDX-License-Identifier: Apache-2.0
"""About how often a run reads and writes each buffer and each parameter: what is hot belongs into fast memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tvm_stm32.codegen.compiled_model import Call, Parameter
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.memory.lifetimes import Step


def buffer_accesses(
    implementations: Sequence[Implementation], steps: Sequence[Step], sizes: Mapping[str, int]
) -> dict[str, int]:
    """Bytes of each buffer that a run reads and writes.

    What a call writes, it writes once. Each multiply-accumulate reads one value of its operands: of the scratch, into
    which a kernel copies its input in the order of its loops, and of the input itself where there is none.
    """
    accesses: dict[str, int] = {}

    def count(names: Collection[str], amount: int) -> None:
        for name in names:
            accesses[name] = accesses.get(name, 0) + amount // len(names)

    for implementation, step in zip(implementations, steps, strict=True):
        count(step.scratch or step.reads, implementation.macs)
        for name in (*step.reads, *step.writes, *step.scratch):
            count([name], sizes.get(name, 0))
    return accesses


def parameter_accesses(calls: Sequence[Call], parameters: Sequence[Parameter]) -> dict[str, int]:
    """Bytes of each parameter that a run reads: each multiply-accumulate one, of a call's parameters by their size."""
    sizes = {parameter.c_name: len(parameter.values) for parameter in parameters}
    accesses = dict.fromkeys(sizes, 0)
    for call in calls:
        names = [argument.name for argument in call.arguments if argument.kind == "parameter"]
        total = max(1, sum(sizes[name] for name in names))
        for name in names:
            accesses[name] += sizes[name] + call.macs * sizes[name] // total
    return accesses
