# SPDX-License-Identifier: Apache-2.0
"""`CompiledModel`: the hinge between the compiler (needs TVM) and the emitters (do not).

Pure data, serialized with msgspec so that it can cross from the process that imports TVM to the one that writes files.
Everything that reaches C from here is already a valid identifier or plain C text.
"""

from __future__ import annotations

import msgspec

from tvm_stm32.memory.pools import ARENA_ALIGNMENT, Pool


class TensorQuantization(msgspec.Struct, frozen=True):
    """``real = scale * (value - zero_point)``; one entry, or one per index of `axis` (-1: whole tensor)."""

    scales: list[float]
    zero_points: list[int]
    axis: int = -1


class CompiledTensor(msgspec.Struct, frozen=True):
    """A buffer of the run function.

    `pool` is "activations" (at `offset` bytes in the arena), the name of a further pool of working memory (at `offset`
    bytes in that), or "application" (the pointer the application put into the instance's tensor; `offset` is -1).
    Inputs and outputs in the arena still are reached through the instance's tensor, so that the application may point
    them elsewhere; `offset` is then the address set by create.
    `first` and `last` are indices into `CompiledModel.calls`: the tensor is live from the start of call `first` to the
    end of call `last` (an input is live from call 0, an output to the last call). The output of a call may overlap an
    input that ends there, as far as the kernel allows it.
    """

    name: str  # as in the model file
    c_name: str  # unique C identifier within the model
    dtype: str  # "int8", "uint8", "int32", "float32"
    shape: list[int]
    size: int  # bytes
    quantization: TensorQuantization | None
    pool: str
    offset: int
    first: int
    last: int


class Parameter(msgspec.Struct, frozen=True):
    """A constant array: weights, biases, multipliers. One member of ``struct <model>_parameters``, or of the struct of
    the memory pool `pool`."""

    c_name: str  # member name, e.g. "conv2d_1_weights"
    dtype: str  # "int8", "int16", "int32", "float32"
    values: bytes  # little endian, row-major
    count: int  # elements
    comment: str  # layout and origin, one line, e.g. "[out/4][3][3][16][4], stem/conv"
    pool: str = ""


class KernelParameter(msgspec.Struct, frozen=True):
    """One parameter of a kernel's C function, e.g. ("int8_t", "x", True) for ``const int8_t *x``."""

    ctype: str
    name: str
    const: bool


class Kernel(msgspec.Struct, frozen=True):
    """A C function lowered by TVM's C code generator."""

    c_name: str  # prefixed with the model's name
    parameters: list[KernelParameter]
    body: str  # C text from "{" to "}" inclusive, newline-terminated, two-space indentation
    comment: str  # what it computes: operator, shapes, layouts, arithmetic; plain text, may have several lines
    helpers: list[str]  # runtime functions it calls (declared in tvm_ai_kernels.h)


class Microkernel(msgspec.Struct, frozen=True):
    """A static C function that kernels call, as whole text."""

    c_name: str
    text: str


class Argument(msgspec.Struct, frozen=True):
    """What a call passes: `kind` is "tensor" or "parameter" (`name` is its c_name) or "scratch" (`offset` in `pool`,
    which is as in `CompiledTensor`)."""

    kind: str
    name: str = ""
    offset: int = -1
    size: int = 0  # bytes of a scratch buffer
    pool: str = "activations"


class Call(msgspec.Struct, frozen=True):
    """One step of the run function."""

    kernel: str  # Kernel.c_name
    arguments: list[Argument]  # in the order of Kernel.parameters
    layer: str  # operator's name in the model file, or several, with TOGETHER between them
    operator: str  # the file's operator type, e.g. "CONV_2D"
    variant: str  # the kernel family that implements it, e.g. "conv2d_direct"
    macs: int
    rounding: str = ""  # how accumulators become int8: step by step, or by which proven form; "" where none do


class Settings(msgspec.Struct, frozen=True):
    """What the user asked for, as far as it shapes the output."""

    name: str
    optimize: str  # "time", "ram", "balanced"
    cpu: str  # "cortex-m4"
    part: str  # "STM32F405RGT6" or ""
    float_abi: str  # "hard", "soft", or "any" when the headers should not check
    inputs: str  # "arena" or "application"
    outputs: str  # "arena" or "application"
    keep_channels: bool = False  # compute channels that no output depends on, too
    api: tuple[str, ...] = ("native",)  # interfaces that the library has, in the order of their include folders
    observer: bool = False  # a second run function, which tells an observer of each node
    accelerator: bool = False  # another, which offers each node to an accelerator; outputs are apart from inputs
    pools: tuple[Pool, ...] = ()  # memories for activations and weights; none: one arena, and weights in one piece


class PlacedPool(msgspec.Struct, frozen=True):
    """A memory pool that the model uses.

    In RAM `activations` bytes come first, then, at a multiple of the alignment, a copy of `weights` bytes.
    """

    pool: Pool
    c_name: str  # "activations" for the first of working memory, "" for the flash of ``<model>_weights``, or its name
    activations: int  # bytes, a multiple of the alignment of the arena
    lower_bound: int  # of the activations in it
    weights: int  # bytes of its parameters, gaps included

    @property
    def alignment(self) -> int:
        """Bytes; of its start, and of the copy in it."""
        return max(ARENA_ALIGNMENT, self.pool.alignment)

    @property
    def copy_offset(self) -> int:
        """Bytes from its start to the copy."""
        return -(-self.activations // self.alignment) * self.alignment

    @property
    def size(self) -> int:
        """Bytes of all that lies in it."""
        return self.copy_offset + self.weights if self.weights else self.activations


class CompiledModel(msgspec.Struct, frozen=True):
    """Everything the emitters need."""

    settings: Settings
    source: str  # file name of the model, without folders
    signature: str  # sha256 of the model file, hex
    description: str  # e.g. "TFLite, int8"
    inputs: list[str]  # c_names of tensors, in the file's order
    outputs: list[str]
    tensors: list[CompiledTensor]  # in order of first use
    parameters: list[Parameter]
    microkernels: list[Microkernel]  # each once, before its first use
    kernels: list[Kernel]  # each once, in order of first call
    calls: list[Call]
    activations_size: int  # bytes of the arena, or of the first pool of working memory
    activations_alignment: int  # bytes
    lower_bound: int  # maximum over calls of live bytes, scratch included; overlaps that kernels allow counted once
    versions: dict[str, str]  # tool name -> version
    notes: list[str]
    pools: list[PlacedPool] = []  # those in RAM first, "activations" before all; empty where none were asked for

    @property
    def working_pools(self) -> list[PlacedPool]:
        """The pools in RAM."""
        return [placed for placed in self.pools if placed.pool.kind == "ram"]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(call.macs for call in self.calls)

    @property
    def parameters_size(self) -> int:
        """Bytes of the parameters, without alignment gaps."""
        return sum(len(parameter.values) for parameter in self.parameters)

    def tensor(self, c_name: str) -> CompiledTensor:
        """The tensor of that C name."""
        return next(t for t in self.tensors if t.c_name == c_name)
