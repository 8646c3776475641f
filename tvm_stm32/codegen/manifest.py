# SPDX-License-Identifier: Apache-2.0
"""The manifest ``<model>.json``: everything about a compiled model that a tool or a person may want to read back.

The structures below are the file's schema. They are kept apart from `CompiledModel`, which may change with the
compiler; a change here that could break a reader raises `SCHEMA_VERSION`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tvm_stm32.codegen.artifacts import artifact_names
from tvm_stm32.codegen.compiled_model import Argument, CompiledModel, CompiledTensor, TensorQuantization
from tvm_stm32.codegen.parameters import parameter_offsets
from tvm_stm32.codegen.pool_view import Group, PoolView, WorkingPool

SCHEMA_VERSION = 1


class ManifestSettings(msgspec.Struct, frozen=True):
    """What the user asked for."""

    optimize: str  # "time", "ram", "balanced"
    cpu: str
    part: str  # "" when only a core was named
    float_abi: str  # "hard", "soft", "any"
    inputs: str  # "arena" or "application"
    outputs: str
    keep_channels: bool = False
    api: list[str] = msgspec.field(default_factory=lambda: ["native"])  # interfaces the library has, in include order
    observer: bool = False  # a run function that tells an observer of each node
    accelerator: bool = False  # a run function that offers each node to an accelerator


class ManifestQuantization(msgspec.Struct, frozen=True):
    """``real = scale * (value - zero_point)``: one entry (axis -1), or one per index of `axis`."""

    scales: list[float]
    zero_points: list[int]
    axis: int


class ManifestTensor(msgspec.Struct, frozen=True):
    """An activation. It is live from the start of call `first` to the end of call `last`.

    Tensors that are live at once overlap only where one ends and the other begins, by a kernel that may do that.
    """

    name: str  # as in the model file
    c_name: str
    dtype: str
    shape: list[int]
    size: int  # bytes
    quantization: ManifestQuantization | None
    pool: str  # a pool's name, or "application": the application's own buffer
    offset: int  # bytes from the start of the pool; -1 in an application's buffer
    first: int
    last: int


class ManifestPool(msgspec.Struct, frozen=True, omit_defaults=True):
    """Working memory, with the proof of how good its plan is. What follows the ratio is of a model in pools."""

    name: str
    size: int  # bytes
    alignment: int  # bytes
    lower_bound: int  # bytes live at once in the worst call, allowed overlaps counted once: no plan can be smaller
    ratio: float  # size / lower_bound
    pool: str = ""  # its name in the file of pools
    symbol: str = ""  # the library's array for it
    memory: str = ""  # the part's memory
    address: int = -1  # of the pool, unless it is where the firmware's linker script puts variables anyway
    capacity: int = -1  # bytes of the pool; -1: no bound is known
    section: str = ""  # of the array
    copies: int = 0  # bytes of constants that are copied there


class ManifestGroup(msgspec.Struct, frozen=True):
    """Constants beside ``struct <model>_parameters``, of a model in pools."""

    pool: str  # its name in the file of pools
    symbol: str  # C name of the constant struct
    size: int  # bytes, gaps included
    alignment: int  # bytes
    section: str  # of the struct
    memory: str  # the part's memory; "" if they are in none of its own
    address: int  # of the pool; -1: where the firmware's linker script puts constants
    capacity: int  # bytes of the pool; -1: no bound is known
    linked: bool  # False: they are the file <model>_weights.bin
    copied: bool  # create copies them into RAM, behind the activations of the pool


class ManifestParameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A constant array: a member of ``struct <model>_parameters``, or of that of a group."""

    name: str
    dtype: str
    count: int  # elements
    size: int  # bytes
    offset: int  # bytes from the start of the struct
    comment: str
    group: str = ""  # the pool of its group


class ManifestKernel(msgspec.Struct, frozen=True):
    """A C function and how often a run calls it."""

    name: str
    comment: str
    helpers: list[str]  # runtime functions it calls
    calls: int


class ManifestArgument(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tensor or parameter by C name, or scratch memory by place."""

    kind: str  # "tensor", "parameter", "scratch"
    name: str  # "" for scratch
    offset: int  # bytes from the start of the pool; -1 unless scratch
    size: int  # bytes; 0 unless scratch
    pool: str = "activations"


class ManifestCall(msgspec.Struct, frozen=True):
    """One step of a run."""

    kernel: str
    layer: str  # operator's name in the model file; " + " is between those of layers computed together
    operator: str  # operator type in the model file
    variant: str  # kernel family
    macs: int
    rounding: str  # how accumulators become int8: step by step, or by which proven form; "" where none do
    arguments: list[ManifestArgument]


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file ``<model>.json``."""

    schema: int
    name: str
    source: str  # file name of the model
    description: str
    signature: str  # sha256 of the model file, hexadecimal
    settings: ManifestSettings
    versions: dict[str, str]  # tool -> version
    notes: list[str]
    files: list[str]  # everything the compiler wrote
    macs: int
    inputs: list[str]  # C names of tensors, in the model file's order
    outputs: list[str]
    tensors: list[ManifestTensor]  # in order of first use
    pools: list[ManifestPool]
    parameters_size: int  # bytes of the struct and of all groups, alignment gaps included
    parameters: list[ManifestParameter]
    microkernels: list[str]  # static C functions that kernels call, beside those of the runtime
    kernels: list[ManifestKernel]
    calls: list[ManifestCall]  # in the order they run
    groups: list[ManifestGroup] = []

    @property
    def pooled(self) -> bool:
        """Whether memory is in pools."""
        return any(pool.pool for pool in self.pools)


def activations_size(model: CompiledModel) -> int:
    """Bytes of the arena as the C sees it: at least 1, because C has no empty array."""
    return max(1, model.activations_size)


def manifest(model: CompiledModel, layers: Sequence[str] = ()) -> Manifest:
    """The manifest of `model`; `layers` are the files of other interfaces than the native one."""
    settings = model.settings
    view = PoolView(model) if model.pools else None
    offsets, total = _parameter_offsets(model)
    pool = ManifestPool(
        name="activations",
        size=activations_size(model),
        alignment=model.activations_alignment,
        lower_bound=model.lower_bound,
        ratio=activations_size(model) / max(1, model.lower_bound),
    )
    return Manifest(
        schema=SCHEMA_VERSION,
        name=settings.name,
        source=model.source,
        description=model.description,
        signature=model.signature,
        settings=ManifestSettings(
            optimize=settings.optimize,
            cpu=settings.cpu,
            part=settings.part,
            float_abi=settings.float_abi,
            inputs=settings.inputs,
            outputs=settings.outputs,
            keep_channels=settings.keep_channels,
            api=list(settings.api),
            observer=settings.observer,
            accelerator=settings.accelerator,
        ),
        versions=dict(sorted(model.versions.items())),
        notes=model.notes,
        files=[
            *artifact_names(settings.name, settings.observer, settings.accelerator, view is not None),
            *layers,
        ],
        macs=model.macs,
        inputs=model.inputs,
        outputs=model.outputs,
        tensors=[_tensor(tensor) for tensor in model.tensors],
        pools=[_pool(working) for working in view.working] if view else [pool],
        parameters_size=total,
        parameters=[
            ManifestParameter(p.c_name, p.dtype, p.count, len(p.values), offsets[p.c_name], p.comment, p.pool)
            for p in model.parameters
        ],
        microkernels=[microkernel.c_name for microkernel in model.microkernels],
        kernels=[
            ManifestKernel(k.c_name, k.comment, k.helpers, sum(call.kernel == k.c_name for call in model.calls))
            for k in model.kernels
        ],
        calls=[
            ManifestCall(
                kernel=call.kernel,
                layer=call.layer,
                operator=call.operator,
                variant=call.variant,
                macs=call.macs,
                rounding=call.rounding,
                arguments=[_argument(argument) for argument in call.arguments],
            )
            for call in model.calls
        ],
        groups=[_group(group) for group in view.groups] if view else [],
    )


def _argument(argument: Argument) -> ManifestArgument:
    found = ManifestArgument(argument.kind, argument.name, argument.offset, argument.size)
    return found if argument.pool == found.pool else msgspec.structs.replace(found, pool=argument.pool)


def _parameter_offsets(model: CompiledModel) -> tuple[dict[str, int], int]:
    """The offset of each parameter in its struct, and the bytes of all structs."""
    offsets: dict[str, int] = {}
    total = 0
    for pool in dict.fromkeys(parameter.pool for parameter in model.parameters):
        members = [parameter for parameter in model.parameters if parameter.pool == pool]
        *starts, size = parameter_offsets(members)
        offsets |= {member.c_name: start for member, start in zip(members, starts, strict=True)}
        total += size
    return offsets, total


def _pool(working: WorkingPool) -> ManifestPool:
    placed = working.placed
    return ManifestPool(
        name=working.c_name,
        size=working.size,
        alignment=working.alignment,
        lower_bound=placed.lower_bound,
        ratio=max(1, placed.activations) / max(1, placed.lower_bound),
        pool=working.name,
        symbol=working.symbol,
        memory=placed.pool.memory,
        address=-1 if placed.pool.scripted or not placed.pool.located else placed.pool.address,
        capacity=placed.pool.size,
        section=working.section,
        copies=placed.weights,
    )


def _group(group: Group) -> ManifestGroup:
    pool = group.placed.pool
    return ManifestGroup(
        pool=group.name,
        symbol=group.symbol,
        size=group.size,
        section=group.section,
        memory="" if group.copied else pool.memory,
        alignment=group.placed.alignment,
        address=-1 if group.copied or pool.scripted or not pool.located else pool.address,
        capacity=pool.size,
        linked=group.linked,
        copied=group.copied,
    )


def _tensor(tensor: CompiledTensor) -> ManifestTensor:
    return ManifestTensor(
        name=tensor.name,
        c_name=tensor.c_name,
        dtype=tensor.dtype,
        shape=tensor.shape,
        size=tensor.size,
        quantization=_quantization(tensor.quantization),
        pool=tensor.pool,
        offset=tensor.offset,
        first=tensor.first,
        last=tensor.last,
    )


def _quantization(quantization: TensorQuantization | None) -> ManifestQuantization | None:
    if quantization is None:
        return None
    return ManifestQuantization(quantization.scales, quantization.zero_points, quantization.axis)


def encode_manifest(document: Manifest) -> bytes:
    """`document` as indented JSON in UTF-8, the same bytes for the same manifest."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest back.

    Raises:
        msgspec.ValidationError: `data` is JSON but no manifest of this `SCHEMA_VERSION`.
        msgspec.DecodeError: `data` is no JSON.
    """
    document = msgspec.json.decode(data, type=Manifest)
    if document.schema != SCHEMA_VERSION:
        raise msgspec.ValidationError(f"manifest schema {document.schema}, this version reads {SCHEMA_VERSION}")
    return document


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of the manifest, as plain data."""
    return msgspec.json.schema(Manifest)
