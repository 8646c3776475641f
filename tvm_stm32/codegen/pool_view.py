# SPDX-License-Identifier: Apache-2.0
"""What templates ask of the memory pools of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tvm_stm32.codegen.c_text import plain
from tvm_stm32.codegen.compiled_model import CompiledModel, Parameter, PlacedPool

#: characters of a name from the model file in a comment
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class WorkingPool:
    """A pool of working memory; number `index` of the model's."""

    index: int
    placed: PlacedPool
    model: str  #: the model's name

    @property
    def name(self) -> str:
        """As in the file of pools."""
        return self.placed.pool.name

    @property
    def c_name(self) -> str:
        """ "activations" for the first, or its name."""
        return self.placed.c_name

    @property
    def symbol(self) -> str:
        """The library's array for it."""
        return f"{self.model}_activations" + (f"_{self.c_name}" if self.index else "")

    @property
    def section(self) -> str:
        """The array's section."""
        return self.placed.pool.section or f".bss.{self.symbol}"

    @property
    def size_macro(self) -> str:
        """The macro of its size in the model's header."""
        return f"{self.symbol}_SIZE".upper()

    @property
    def size(self) -> int:
        """Bytes: at least 1, because C has no empty array."""
        return max(1, self.placed.size)

    @property
    def alignment(self) -> int:
        """Bytes."""
        return self.placed.alignment

    @property
    def activations(self) -> int:
        """Bytes of activations, before the copies of constants."""
        return self.placed.activations

    @property
    def title(self) -> str:
        """For a comment."""
        copies = f", of which {self.placed.weights:,} are copies of constants" if self.placed.weights else ""
        return f"{self.symbol}, {self.size:,} bytes of {self.placed.pool.describe()}{copies}"


@dataclass(frozen=True, slots=True)
class Group:
    """Constants beside the model's own struct of them; number `index` of such groups."""

    index: int
    placed: PlacedPool
    parameters: list[Parameter]
    pool: int  #: index of the pool of working memory that they are copied to
    model: str  #: the model's name

    @property
    def name(self) -> str:
        """That of its pool."""
        return self.placed.pool.name

    @property
    def copied(self) -> bool:
        """Whether create copies them into RAM."""
        return self.placed.pool.kind == "ram"

    @property
    def linked(self) -> bool:
        """Whether they are part of the library."""
        return self.placed.pool.linked

    @property
    def symbol(self) -> str:
        """The constant."""
        return f"{self.model}_weights_{self.name}"

    @property
    def section(self) -> str:
        """The constant's section; what is copied comes from where all constants are."""
        return (not self.copied and self.placed.pool.section) or f".rodata.{self.symbol}"

    @property
    def address(self) -> str:
        """The C expression for where they are."""
        if self.linked:
            return f"&{self.symbol}"
        return f"(const void *)(uintptr_t)UINT32_C(0x{self.placed.pool.address:08x})"

    @property
    def offset(self) -> int:
        """Bytes from the start of the pool that they are copied to."""
        return self.placed.copy_offset if self.copied else 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self.placed.weights

    @property
    def title(self) -> str:
        """For a comment."""
        place = self.placed.pool.describe()
        if self.copied:
            return f"Constants that create copies to {place}, from section {self.section}."
        if not self.linked:
            return f"Constants that are not linked: {self.model}_weights.bin is to be programmed to {place}."
        return f"Constants for {place}, in section {self.section}."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor or scratch buffer is: pool number `pool`, or -1 if the application provides it."""

    c_name: str
    pool: int
    offset: int
    size: int
    title: str


def touched_pools(model: CompiledModel) -> set[str]:
    """The C names of the pools of working memory that a run function refers to itself, not through a port."""
    ports = {*model.inputs, *model.outputs}
    pools = {tensor.c_name: tensor.pool for tensor in model.tensors if tensor.c_name not in ports}
    arguments = [argument for call in model.calls for argument in call.arguments]
    tensors = {pools[a.name] for a in arguments if a.kind == "tensor" and a.name in pools}
    return tensors | {a.pool for a in arguments if a.kind == "scratch"}


def read_groups(model: CompiledModel) -> set[str]:
    """The pools of the parameters that a run reads; "" is the model's own struct of them."""
    pools = {parameter.c_name: parameter.pool for parameter in model.parameters}
    return {pools[a.name] for call in model.calls for a in call.arguments if a.kind == "parameter"}


def _places(model: CompiledModel, pools: Mapping[str, int]) -> list[Place]:
    """The tensors in the order of the model's, then the scratch buffers in the order of the calls."""
    tensors = [Place(t.c_name, pools.get(t.pool, -1), t.offset, t.size, _title(t.dtype, t.name)) for t in model.tensors]
    scratch = [
        Place(a.name, pools[a.pool], a.offset, a.size, _title("scratch of", call.layer))
        for call in model.calls
        for a in call.arguments
        if a.kind == "scratch"
    ]
    return tensors + scratch


def _title(what: str, name: str) -> str:
    """For a comment at the end of a line."""
    text = plain(name)
    return f"{what} {text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + '...'}"


class PoolView:
    """The pools of working memory and the groups of constants of a model that has pools."""

    def __init__(self, model: CompiledModel) -> None:
        name = model.settings.name
        self.working = [WorkingPool(index, placed, name) for index, placed in enumerate(model.working_pools)]
        indices = {pool.name: pool.index for pool in self.working}
        holders = [placed for placed in model.pools if placed.weights and placed.c_name]
        self.groups = [
            Group(
                index=index,
                placed=placed,
                parameters=[p for p in model.parameters if p.pool == placed.pool.name],
                pool=indices.get(placed.pool.name, 0),
                model=name,
            )
            for index, placed in enumerate(holders)
        ]
        self.linked_groups = [group for group in self.groups if group.linked]
        self.used = [pool for pool in self.working[1:] if pool.c_name in touched_pools(model)]
        self.read = [group for group in self.groups if group.name in read_groups(model)]
        by_c_name = {pool.c_name: pool.index for pool in self.working}
        self.tensor_pools = [by_c_name.get(model.tensor(name).pool, 0) for name in (*model.inputs, *model.outputs)]
        self.places = _places(model, by_c_name)
        self._grouped = {parameter.c_name: parameter.pool for parameter in model.parameters}

    def titles(self) -> list[str]:
        """What is where, for a comment."""
        groups = [line for group in self.groups for line in (f"{group.symbol}:", f"    {group.title}")]
        return [pool.title for pool in self.working] + groups

    def suffix(self, parameter: str) -> str:
        """What a run function's pointer to the constants of `parameter` ends with."""
        pool = self._grouped[parameter]
        return f"_{pool}" if pool else ""

    def unlinked(self) -> bytes:
        """The constants that are not linked, as they are to be programmed: padded structs, one behind the other."""
        return b"".join(
            value.values.ljust(-(-len(value.values) // 4) * 4, b"\0")
            for group in self.groups
            if not group.linked
            for value in group.parameters
        )
