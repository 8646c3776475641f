# SPDX-License-Identifier: Apache-2.0
"""Plan working memory for models that take turns: one array for each pool, as large as the most that one of them needs.

Written are <name>.h, <name>.c and <name>_pools.ld, which takes the place of the models' own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tvm_stm32.codegen.artifacts import group_names
from tvm_stm32.codegen.environment import c_environment
from tvm_stm32.codegen.linker_fragment import Held, constants, render_fragment
from tvm_stm32.codegen.manifest import Manifest, ManifestPool, decode_manifest
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError


@dataclass(frozen=True, slots=True)
class User:
    """A model and the pool of its that lies in shared memory."""

    model: Manifest
    pool: ManifestPool


@dataclass(frozen=True, slots=True)
class SharedPool:
    """Working memory that several models use in turn."""

    symbol: str
    users: list[User]

    @property
    def size(self) -> int:
        """Bytes: what the largest needs."""
        return max(user.pool.size for user in self.users)

    @property
    def alignment(self) -> int:
        """Bytes."""
        return max(8, *(user.pool.alignment for user in self.users))

    @property
    def section(self) -> str:
        """The array's section: one of the firmware's linker script, or its own."""
        pool = self.users[0].pool
        return pool.section if pool.pool and pool.section != f".bss.{pool.symbol}" else f".bss.{self.symbol}"

    @property
    def title(self) -> str:
        """For a comment: what each model needs of it."""
        needs = ", ".join(f"{user.model.name} {user.pool.size:,}" for user in self.users)
        pool = self.users[0].pool.pool
        return f"{self.symbol}, {self.size:,} bytes{f' of pool {pool}' * bool(pool)}: {needs}"

    def held(self) -> list[Held]:
        """For the linker, if it is in a pool of known address."""
        pool = self.users[0].pool
        if not pool.pool or pool.address < 0:
            return []
        access, place = "rw", (pool.address, pool.capacity)
        return [Held(self.symbol, self.size, self.alignment, self.section, access, pool.pool, *place)]


def share_pools(name: str, models: Sequence[Manifest]) -> list[SharedPool]:
    """The pools of all `models`, by their names; models without pools share the array of what they have.

    Raises:
        SettingsError: fewer than two models, one twice, a pool that is not the same to two models, or that keeps
            copies of weights, which others would overwrite.
    """
    names = [model.name for model in models]
    if len(set(names)) != len(names) or len(names) < 2 or name in names:
        raise SettingsError(f"{', '.join(names)} are no group", name, "name two models at least, each once")
    pools: dict[str, SharedPool] = {}
    for model in models:
        for pool in model.pools:
            if pool.copies:
                raise SettingsError(
                    f"{model.name} keeps copies of weights, {pool.copies:,} bytes, in pool {pool.pool}",
                    name,
                    "others would overwrite them: let that pool hold activations only",
                )
            symbol = f"{name}_activations" + (f"_{pool.pool}" if pool.pool else "")
            shared = pools.setdefault(pool.pool, SharedPool(symbol, []))
            shared.users.append(User(model, pool))
            first = shared.users[0]
            if (pool.address, pool.capacity) != (first.pool.address, first.pool.capacity):
                raise SettingsError(
                    f"pool {pool.pool} is {pool.capacity:,} bytes at 0x{pool.address & 0xFFFFFFFF:08x} for {model.name}"
                    f" and {first.pool.capacity:,} at 0x{first.pool.address & 0xFFFFFFFF:08x} for {first.model.name}",
                    name,
                    "compile the models with the same file of memory pools",
                )
    return list(pools.values())


def emit_group(name: str, models: Sequence[Manifest]) -> dict[str, bytes]:
    """The files of a group by name, in the order of `group_names`.

    Raises:
        SettingsError: see `share_pools`, and pools that overlap.
        CapacityError: the models' weights together exceed a pool; with the figures.
    """
    check_name(name)
    pools = share_pools(name, models)
    by_pool = {id(user.pool): pool for pool in pools for user in pool.users}
    context = {
        "name": name,
        "pools": pools,
        "tables": [(model, [by_pool[id(pool)] for pool in model.pools]) for model in models],
        "pooled": any(model.pooled for model in models),
        "apart": sum(pool.size for model in models for pool in model.pools),
    }
    environment = c_environment()
    held = [one for pool in pools for one in pool.held()] + [one for model in models for one in constants(model)]
    texts = [
        environment.get_template("group.h.j2").render(context),
        environment.get_template("group.c.j2").render(context),
        render_fragment(name, [pool.title for pool in pools], held),
    ]
    return {file: text.encode("ascii") for file, text in zip(group_names(name), texts, strict=True)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 group``."""
    parser.add_argument("name", metavar="NAME", help="C identifier that prefixes the group's arrays")
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL.json", help="manifests of compiled models")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")


def run(arguments: argparse.Namespace) -> None:
    """Write the files, and print what each pool needs."""
    models = [_read(path) for path in arguments.models]
    write_artifacts(emit_group(arguments.name, models), arguments.output)
    print("\n".join(f"{arguments.name}: {pool.title}" for pool in share_pools(arguments.name, models)))


def _read(path: Path) -> Manifest:
    try:
        return decode_manifest(path.read_bytes())
    except OSError as error:
        hint = "compile the model first: tvm-stm32 compile"
        raise SettingsError(f"the manifest cannot be read: {error.strerror}", str(path), hint) from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"this is no manifest: {error}", str(path), "compile the model again") from error
