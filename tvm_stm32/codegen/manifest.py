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
from tvm_stm32.codegen.compiled_model import CompiledModel, CompiledTensor, TensorQuantization
from tvm_stm32.codegen.parameters import parameter_offsets

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


class ManifestPool(msgspec.Struct, frozen=True):
    """Working memory, with the proof of how good its plan is."""

    name: str
    size: int  # bytes
    alignment: int  # bytes
    lower_bound: int  # bytes live at once in the worst call, allowed overlaps counted once: no plan can be smaller
    ratio: float  # size / lower_bound


class ManifestParameter(msgspec.Struct, frozen=True):
    """A constant array: a member of ``struct <model>_parameters``."""

    name: str
    dtype: str
    count: int  # elements
    size: int  # bytes
    offset: int  # bytes from the start of the struct
    comment: str


class ManifestKernel(msgspec.Struct, frozen=True):
    """A C function and how often a run calls it."""

    name: str
    comment: str
    helpers: list[str]  # runtime functions it calls
    calls: int


class ManifestArgument(msgspec.Struct, frozen=True):
    """A tensor or parameter by C name, or scratch memory by place."""

    kind: str  # "tensor", "parameter", "scratch"
    name: str  # "" for scratch
    offset: int  # bytes from the start of the activations; -1 unless scratch
    size: int  # bytes; 0 unless scratch


class ManifestCall(msgspec.Struct, frozen=True):
    """One step of a run."""

    kernel: str
    layer: str  # operator's name in the model file
    operator: str  # operator type in the model file
    variant: str  # kernel family
    macs: int
    rounding: str  # how accumulators become int8: step by step, or by which proven form; "" where none do
    arguments: list[ManifestArgument]


class Manifest(msgspec.Struct, frozen=True):
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
    parameters_size: int  # bytes of the struct, alignment gaps included
    parameters: list[ManifestParameter]
    microkernels: list[str]  # static C functions that kernels call, beside those of the runtime
    kernels: list[ManifestKernel]
    calls: list[ManifestCall]  # in the order they run


def activations_size(model: CompiledModel) -> int:
    """Bytes of the arena as the C sees it: at least 1, because C has no empty array."""
    return max(1, model.activations_size)


def manifest(model: CompiledModel, layers: Sequence[str] = ()) -> Manifest:
    """The manifest of `model`; `layers` are the files of other interfaces than the native one."""
    settings = model.settings
    offsets = parameter_offsets(model.parameters)
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
        files=[*artifact_names(settings.name, settings.observer, settings.accelerator), *layers],
        macs=model.macs,
        inputs=model.inputs,
        outputs=model.outputs,
        tensors=[_tensor(tensor) for tensor in model.tensors],
        pools=[pool],
        parameters_size=offsets[-1],
        parameters=[
            ManifestParameter(p.c_name, p.dtype, p.count, len(p.values), offset, p.comment)
            for p, offset in zip(model.parameters, offsets[:-1], strict=True)
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
                arguments=[ManifestArgument(a.kind, a.name, a.offset, a.size) for a in call.arguments],
            )
            for call in model.calls
        ],
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
