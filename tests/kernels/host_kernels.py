# SPDX-License-Identifier: Apache-2.0
"""Kernels as the host's C compiler sees them: lowered, compiled with every warning an error, called from NumPy."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tvm_stm32
from tvm_stm32.codegen.lower import LoweredKernel, lower_kernel
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
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
            command = [compiler, *WARNINGS, f"-I{INCLUDE}", "-O2", str(source)]
            subprocess.run([*command, "-c", "-o", str(folder / "kernels.o")], check=True)
        command = ["gcc", *WARNINGS, *SANITIZE, f"-I{INCLUDE}", "-O1", "-fPIC", "-shared", str(source)]
        subprocess.run([*command, "-o", str(library)], check=True)
        self.library = ctypes.CDLL(str(library))

    @staticmethod
    def _lower(index: int, implementation: Implementation) -> LoweredKernel:
        function = implementation.build()
        pairs = list(zip(function.params, implementation.arguments, strict=True))
        written = frozenset(str(p.name) for p, argument in pairs if isinstance(argument, Output | Scratch))
        kernel = lower_kernel(function, f"kernel_{index}", written)
        # a load that TVM put into a variable of its own would be taken again after the array has changed
        assert not re.search(r"\bv_\w* = [^;]*\[", kernel.body), kernel.body
        return kernel

    @staticmethod
    def _text(index: int, kernel: LoweredKernel) -> str:
        parameters = ", ".join(f"{'const ' if p.const else ''}{p.ctype} *{p.name}" for p in kernel.parameters)
        prototype = f"void kernel_{index}({parameters})"
        return f"{prototype};\n{prototype}\n{kernel.body}"

    def run(self, index: int, inputs: Sequence[npt.NDArray[Any]], output: Tensor) -> npt.NDArray[Any]:
        """Calls kernel `index`.

        Raises:
            AssertionError: it wrote outside its output and scratch.
        """
        implementation = self.implementations[index]
        result = np.zeros(output.shape, output.dtype)
        remaining = iter(inputs)
        buffers = []
        for argument in implementation.arguments:
            if isinstance(argument, Input):
                content: npt.NDArray[Any] = next(remaining)
            elif isinstance(argument, Constant):
                content = argument.values
            elif isinstance(argument, Output):
                content = result
            else:
                content = np.zeros(argument.size, np.int8)
            guard = bytes([0xA5]) * GUARD
            buffers.append(bytearray(guard + content.tobytes() + guard))
        before = [bytes(buffer) for buffer in buffers]
        pointers = [(ctypes.c_uint8 * len(buffer)).from_buffer(buffer) for buffer in buffers]
        getattr(self.library, f"kernel_{index}")(*(ctypes.byref(p, GUARD) for p in pointers))
        for argument, old, new in zip(implementation.arguments, before, buffers, strict=True):
            inside = slice(GUARD, -GUARD) if isinstance(argument, Output | Scratch) else slice(0, 0)
            kept, found = bytearray(old), bytearray(new)
            kept[inside] = found[inside] = b""
            assert kept == found, f"{argument} was overrun"
            if isinstance(argument, Output):
                result = np.frombuffer(bytes(new[GUARD:-GUARD]), output.dtype).reshape(output.shape)
        return result
