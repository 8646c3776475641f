# SPDX-License-Identifier: Apache-2.0
"""TIR kernels to C functions, by TVM's C code generator."""

from __future__ import annotations

import contextlib
import inspect
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

import tvm
import tvm_ffi
from tvm import s_tir, tirx

from tvm_stm32.codegen.compiled_model import KernelParameter
from tvm_stm32.codegen.lower_workspace import WORKSPACE, with_workspace
from tvm_stm32.kernels.implementation import Implementation, Output, Scratch

_TARGET = tvm.target.Target({"kind": "c"})

_PASSES = (
    s_tir.transform.CanonicalizeLoop(),
    s_tir.transform.LowerInitBlock(),
    s_tir.transform.PlanAndUpdateBufferAllocationLocation(),
    s_tir.transform.ConvertBlocksToOpaque(),
    s_tir.transform.CompactBufferAllocation(),
    s_tir.transform.LowerMatchBuffer(),
    s_tir.transform.LowerOpaqueBlock(),
    tirx.transform.FlattenBuffer(),
    tirx.transform.NarrowDataType(32),
    s_tir.transform.LoopPartition(),
    tirx.transform.UnrollLoop(),
    tirx.transform.StmtSimplify(),
    tirx.transform.RemoveNoOp(),
    tirx.transform.CommonSubexprElim(),
)
_LOWER_INTRINSICS = tirx.transform.LowerIntrin()

#: TVM prints local arrays as `<name>_ptr`, maxima through temporaries `v_`; plainer names for the reader
_LOCAL_ARRAY = re.compile(r"\b([a-z]\w*)_ptr\b")
_DECLARATION = re.compile(r"^ *\w+ (\w+)\[\d+\];\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LoweredKernel:
    """The C text of one kernel: parameters, and the body from ``{`` to ``}``.

    With a `workspace` of some bytes, the last parameter points to it.
    """

    parameters: tuple[KernelParameter, ...]
    body: str
    helpers: tuple[str, ...]
    workspace: int


def lower(implementation: Implementation, name: str) -> LoweredKernel:
    """The C function `name` of a kernel."""
    with _without_source_lines():
        function = implementation.build()
    pairs = zip(function.params, implementation.arguments, strict=True)
    written = frozenset(str(parameter.name) for parameter, use in pairs if isinstance(use, Output | Scratch))
    return lower_kernel(function, name, written)


@contextlib.contextmanager
def _without_source_lines() -> Iterator[None]:
    """Spare TVM's parser the lines of source of the stack, which it takes at each function and macro and does not read.

    To find them is a tenth of a compile, and in a deep stack, such as below pytest, two fifths.
    """
    with_source = inspect.getframeinfo

    def bare(frame: FrameType | TracebackType, context: int = 1) -> inspect.Traceback:  # noqa: ARG001 - inspect's
        assert isinstance(frame, FrameType)
        return inspect.Traceback(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None, None)

    inspect.getframeinfo = bare
    try:
        yield
    finally:
        inspect.getframeinfo = with_source


def lower_kernel(function: Any, name: str, written: frozenset[str]) -> LoweredKernel:
    """Lower a PrimFunc to C.

    Args:
        function: a ``tirx.PrimFunc`` whose parameters are typed pointers.
        name: the C function's name.
        written: names of the parameters that the kernel writes; the others become ``const``.
    """
    module = tvm.IRModule({name: function.with_attr("target", _TARGET).with_attr("global_symbol", name)})
    for transform in _PASSES:
        module = transform(module)
    lowered, workspace = with_workspace(module[name])
    lowered = _LOWER_INTRINSICS(tvm.IRModule({name: lowered}))[name]
    lowered = tirx.PrimFunc(
        lowered.params,
        tvm_ffi.structural_map(lowered.body, (tirx.FloatImm, _exact_float)),
        lowered.ret_type,
        lowered.attrs,
    )
    source = tvm.get_global_func("target.build.c")(tvm.IRModule({name: lowered}), _TARGET).inspect_source()
    return _parse(source, name, written | {WORKSPACE} if workspace else written, workspace)


def _exact_float(literal: Any) -> Any:
    """TVM prints six decimals; a float32 that needs more is passed as its bits."""
    if str(literal.ty.dtype) != "float32":
        return literal
    bits = _bits(literal.value)
    if math.isfinite(literal.value):
        printed = float(f"{literal.value:e}")
        # the neighbours too, so that no compiler can round the decimal to another float
        near = {_bits(math.nextafter(printed, towards)) for towards in (-math.inf, printed, math.inf)}
        if literal.value == 0.0 or near == {bits}:
            return literal
    return tirx.call_pure_extern("float32", "tvm_ai_float", tirx.IntImm("uint32", bits))


def _bits(value: float) -> int:
    """The bits of the float32 nearest to `value`."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", math.copysign(math.inf, value))
    bits: int = struct.unpack("<I", packed)[0]
    return bits


def _parse(source: str, name: str, written: frozenset[str], workspace: int) -> LoweredKernel:
    head, _, definition = source.rpartition(f" {name}(")
    signature, _, rest = definition.partition(") {\n")
    parameters = []
    for declaration in signature.split(", "):
        ctype, _, parameter = declaration.rpartition(" ")
        parameters.append(KernelParameter(ctype.removesuffix("*"), parameter, parameter not in written))
    helpers = sorted(set(re.findall(r"TVM_DLL \w+ (tvm_ai_\w+)\(", head)))
    text = rest.rstrip() + "\n"
    for array in _DECLARATION.finditer(text):
        if len(re.findall(rf"\b{array[1]}\b", text)) == 1:  # of a path that this kernel does not take
            text = text.replace(array[0], "")
    # an output that is the same for every input, such as a clamp to one value, leaves parameters unread
    unread = [p.name for p in parameters if not re.search(rf"\b{p.name}\b", text) and p.name != WORKSPACE]
    body = _LOCAL_ARRAY.sub(r"\1", "{\n" + "".join(f"  (void){name};\n" for name in unread) + text)
    return LoweredKernel(tuple(parameters), body, tuple(helpers), workspace)
