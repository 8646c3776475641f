# SPDX-License-Identifier: Apache-2.0
"""Kernels as the host's C compiler sees them: lowered, compiled with every warning an error, called from NumPy."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tvm_stm32
from tvm_stm32.codegen.lower import LoweredKernel, lower
from tvm_stm32.kernels.implementation import Argument, Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.overlap import Overlap
from tvm_stm32.kernels.select import implement
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Arithmetic, Attributes, Network, Operator, Quantization, Tensor

INCLUDE = Path(tvm_stm32.__file__).parent / "runtime" / "include"
WARNINGS = "-std=c99 -Wall -Wextra -Wconversion -Wshadow -Wundef -Wcast-align -pedantic -Werror".split()
SANITIZE = ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"]
#: bytes around every buffer that a kernel must leave alone
GUARD = 64


def activation(
    name: str, shape: Sequence[int], dtype: str = "int8", scale: float | None = None, zero_point: int = 0
) -> Tensor:
    """A tensor without data. The scale is rounded to float32, as every file has it."""
    quantization = None if scale is None else Quantization((float(np.float32(scale)),), (zero_point,))
    return Tensor(name, tuple(shape), dtype, quantization)


def layer(
    attributes: Attributes,
    inputs: Sequence[Tensor],
    output: Tensor,
    arithmetic: Arithmetic,
    target: Target = Target(),  # noqa: B008
) -> Implementation:
    """The kernel that is selected for a network of one operator."""
    operator = Operator("layer", "TEST", attributes, [x.name for x in inputs], [output.name], arithmetic)
    tensors = {tensor.name: tensor for tensor in (*inputs, output)}
    names = [tensor.name for tensor in inputs if tensor.data is None]
    return implement(Network(tensors, [operator], names, [output.name]), operator, target)


class HostKernels:
    """Kernels in one shared library. Each one is called with the arrays of its inputs."""

    def __init__(self, folder: Path, implementations: Sequence[Implementation]) -> None:
        self.lowered = [self._lower(index, item) for index, item in enumerate(implementations)]
        self.implementations = implementations
        functions = [self._text(index, kernel) for index, kernel in enumerate(self.lowered)]
        source = folder / "kernels.c"
        microkernels = {m.name: m.render() for item in implementations for m in item.microkernels}
        includes = '#include "tvm_ai_kernels.h"\n#include "tvm_ai_microkernels.h"\n'
        source.write_text("\n".join([includes, *microkernels.values(), *functions]))
        library = folder / "kernels.so"
        for compiler in filter(shutil.which, ("gcc", "clang", "arm-none-eabi-gcc")):
            subprocess.run([compiler, *WARNINGS, f"-I{INCLUDE}", "-fsyntax-only", str(source)], check=True)
        command = ["gcc", *WARNINGS, *SANITIZE, f"-I{INCLUDE}", "-O0", "-fPIC", "-shared", str(source)]
        subprocess.run([*command, "-o", str(library)], check=True)
        self.library = ctypes.CDLL(str(library))

    @staticmethod
    def _lower(index: int, implementation: Implementation) -> LoweredKernel:
        kernel = lower(implementation, f"kernel_{index}")
        # a load that TVM put into a variable of its own would be taken again after the array has changed
        assert not re.search(r"\bv_\w* = [^;]*\[", kernel.body), kernel.body
        return kernel

    @staticmethod
    def _text(index: int, kernel: LoweredKernel) -> str:
        parameters = ", ".join(f"{'const ' if p.const else ''}{p.ctype} *{p.name}" for p in kernel.parameters)
        prototype = f"void kernel_{index}({parameters})"
        return f"{prototype};\n{prototype}\n{kernel.body}"

    def run(
        self,
        index: int,
        inputs: Sequence[npt.NDArray[Any]],
        output: Tensor,
        overlap: Overlap | None = None,
        distance: int = 0,
    ) -> npt.NDArray[Any]:
        """Calls kernel `index`, with the buffers of `overlap` in one at `distance`.

        Raises:
            AssertionError: it wrote outside its output and scratch.
        """
        arguments = self.implementations[index].arguments
        remaining = iter(inputs)
        contents = [_content(argument, remaining, output) for argument in arguments]
        starts = [(position, 0) for position in range(len(arguments))]  # of each argument: buffer, offset in it
        buffers = list(contents)
        if overlap:
            written, read = overlap.written, overlap.read
            base = max(0, -distance)
            shared = bytearray(base + max(len(contents[written]), distance + len(contents[read])))
            shared[base + distance : base + distance + len(contents[read])] = contents[read]
            starts[written], starts[read] = (read, base), (read, base + distance)
            buffers[written], buffers[read] = b"", bytes(shared)
        arena = [bytearray(bytes([0xA5]) * GUARD + buffer + bytes([0xA5]) * GUARD) for buffer in buffers]
        before = [bytes(buffer) for buffer in arena]
        pointers = [(ctypes.c_uint8 * len(buffer)).from_buffer(buffer) for buffer in arena]
        getattr(self.library, f"kernel_{index}")(*(ctypes.byref(pointers[b], GUARD + at) for b, at in starts))
        result = b""
        for argument, content, (buffer, at) in zip(arguments, contents, starts, strict=True):
            inside = slice(GUARD + at, GUARD + at + len(content))
            if isinstance(argument, Output):
                result = bytes(arena[buffer][inside])
            if isinstance(argument, Output | Scratch):
                arena[buffer][inside] = before[buffer][inside]
        assert arena == before, "the kernel wrote outside its output and scratch"
        return np.frombuffer(result, output.dtype).reshape(output.shape)


def _content(argument: Argument, inputs: Iterator[npt.NDArray[Any]], output: Tensor) -> bytes:
    """The bytes with which a kernel finds its argument."""
    if isinstance(argument, Input):
        return next(inputs).tobytes()
    if isinstance(argument, Constant):
        return argument.values.tobytes()
    return bytes(output.size if isinstance(argument, Output) else argument.size)
