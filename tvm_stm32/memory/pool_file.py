# SPDX-License-Identifier: Apache-2.0
"""Reads files of memory pools: this project's, in YAML, and the ``--memory-pool`` JSON of ST's tools."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from tvm_stm32.errors import SettingsError

_UNITS = {"": 0, "B": 0, "BYTES": 0, "K": 10, "KB": 10, "KIB": 10, "KBYTES": 10, "M": 20, "MB": 20, "MIB": 20}
_UNITS |= {"MBYTES": 20, "G": 30, "GB": 30, "GIB": 30, "GBYTES": 30}
_AMOUNT = re.compile(r"(0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?)\s*([A-Za-z]*)")

#: how fast ST says a memory is -> rank
_GRADES = {"HIGH": 0, "MID": 1, "MEDIUM": 1, "LOW": 2}


class PoolEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pool as a file describes it; see docs/memory.md. What is left out follows from the part or from the rest."""

    name: str
    kind: Literal["ram", "flash"] | None = None
    memory: str = ""
    address: int | str | None = None
    size: int | str | None = None
    section: str = ""
    alignment: int | str | None = None
    speed: int | None = None
    internal: bool | None = None
    holds: list[Literal["activations", "weights"]] | None = None
    linked: bool = True


class _PoolFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pools: list[PoolEntry]


class _Quantity(msgspec.Struct, frozen=True):
    value: int | float | str
    magnitude: str = "BYTES"


class _StProperties(msgspec.Struct, frozen=True):
    rights: str = "ACC_WRITE"
    throughput: str = "MID"
    latency: str = "MID"


class _StPool(msgspec.Struct, frozen=True):
    name: str
    size: _Quantity
    offset: _Quantity | None = None
    prop: _StProperties = _StProperties()
    alignment: _Quantity | int | str | None = None


class _StMemory(msgspec.Struct, frozen=True):
    mempools: list[_StPool]


class _StFile(msgspec.Struct, frozen=True):
    memory: _StMemory


def read_pool_file(path: Path) -> list[PoolEntry]:
    """The pools that the file `path` describes, in its order.

    A file whose top level has the key "memory" is ST's; its pools without a size are left out, as ST's tools do.

    Raises:
        SettingsError: it cannot be read, or what it says is not understood; with the place in it.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8").replace("\t", "    "))
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SettingsError(f"cannot read the memory pools: {reason}", str(path)) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"this is neither YAML nor JSON: {_on_one_line(error)}", str(path)) from error
    try:
        if isinstance(content, dict) and "memory" in content:
            entries = [_from_st(pool) for pool in msgspec.convert(content, _StFile).memory.mempools]
            return [entry for entry in entries if entry.size]
        return msgspec.convert(content, _PoolFile).pools
    except msgspec.ValidationError as error:
        hint = "pools: [{name: dtcm, address: 0x20000000, size: 64K}], for example"
        raise SettingsError(f"no memory pools: {error}", str(path), hint) from error


def byte_count(amount: int | float | str, where: str, unit: str = "") -> int:
    """`amount` of `unit`, such as 1024, "0x400" or "64 KiB", in bytes. K, KB and KiB are all 1024.

    Raises:
        SettingsError: it is no such amount.
    """
    found = _AMOUNT.fullmatch(str(amount).strip())
    symbol = ((found[2] if found else "") or unit).upper()
    if found and symbol in _UNITS:
        number = int(found[1], 16) if found[1][:2] in ("0x", "0X") else float(found[1])
        bytes_ = number * (1 << _UNITS[symbol])
        if bytes_ == int(bytes_):
            return int(bytes_)
    raise SettingsError(f"{amount!r} is no number of bytes", where, "such as 4096, 0x1000, 64K or 1M")


def _from_st(pool: _StPool) -> PoolEntry:
    """Fast are a high throughput and a low latency; what cannot be written holds weights."""
    where = f"pool {pool.name}"

    def amount(quantity: _Quantity | int | str | None) -> int | None:
        if isinstance(quantity, _Quantity):
            return byte_count(quantity.value, where, quantity.magnitude)
        return None if quantity is None else byte_count(quantity, where)

    latency = _GRADES.get(pool.prop.latency.upper(), 1)
    return PoolEntry(
        name=re.sub(r"\W", "_", pool.name),
        kind="ram" if pool.prop.rights.upper() == "ACC_WRITE" else "flash",
        address=amount(pool.offset),
        size=amount(pool.size),
        alignment=amount(pool.alignment),
        speed=_GRADES.get(pool.prop.throughput.upper(), 1) + len(_GRADES) - 1 - latency,
    )


def _on_one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())
