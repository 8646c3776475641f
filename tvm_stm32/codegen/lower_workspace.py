# SPDX-License-Identifier: Apache-2.0
"""Local arrays that are too large for the stack: TVM asks for them at run time, and gets memory that is planned.

TVM's pass `LowerTVMBuiltin` turns a local array of more than a kilobyte into calls of ``TVMBackendAllocWorkspace`` and
``TVMBackendFreeWorkspace``. They stay in the C: macros of ``tvm_ai_kernels.h`` make the first the address of the
array's place in the memory that the kernel gets as its last parameter, and the second nothing. In the place of the
device's number, which there is none of, the first call carries the offset.
"""

from __future__ import annotations

import math
from typing import Any

import tvm
import tvm_ffi
from tvm import tirx

from tvm_stm32.memory.buffer import aligned

#: the parameter of a kernel with a workspace
WORKSPACE = "workspace"
#: bytes; what arrays in it are aligned to
_ALIGNMENT = 8
#: bytes of a local array beyond which TVM takes it from a workspace: kMaxStackAlloca of its C++
_STACK_LIMIT = 1024
#: of kDLCPU and the first device, which the pass wants to know
_DEVICE = {"device_id": 0, "device_type": 1}

_ALLOCATE = "tirx.TVMBackendAllocWorkspace"
_THROW = "tirx.tvm_throw_last_error"


def with_workspace(function: Any) -> tuple[Any, int]:
    """`function`, a lowered ``tirx.PrimFunc``, with its large local arrays in a workspace, and the bytes of that.

    One with small arrays alone is returned as it is, with 0; otherwise the last parameter is then `WORKSPACE`.
    """
    if not _needs_one(function.body):
        return function, 0
    body = function.body
    for key, value in _DEVICE.items():
        body = tirx.AttrStmt(0, key, tirx.IntImm("int32", value), body)
    attributed = tirx.PrimFunc(function.params, body, function.ret_type, function.attrs)
    lowered = tirx.transform.LowerTVMBuiltin()(tvm.IRModule({"kernel": attributed}))["kernel"]
    size = 0

    def place(call: Any) -> Any:
        nonlocal size
        if getattr(call.op, "name", "") != _ALLOCATE:
            return call
        kind, _, count, code, bits = call.args
        offset, size = size, size + aligned(int(count), _ALIGNMENT)
        return tvm.ir.Call(call.op, [kind, tirx.IntImm("int32", offset), count, code, bits], ret_ty=call.ty)

    # what fails for want of memory cannot: the checks of both calls go
    body = tvm_ffi.structural_map(lowered.body, [(tirx.IfThenElse, _unchecked), (tvm.ir.Call, place)])
    pointer = tirx.Var(WORKSPACE, tvm.ir.PointerType(tvm.ir.PrimType("uint8"), "global"))
    planned = tirx.PrimFunc([*function.params, pointer], body, function.ret_type, function.attrs)
    return tirx.transform.RemoveNoOp()(tvm.IRModule({"kernel": planned}))["kernel"], size


def _needs_one(body: Any) -> bool:
    """Whether a local array is too large for the stack."""
    sizes = [0]

    def measure(allocation: Any) -> Any:
        buffer = allocation.buffer
        sizes.append(math.prod(map(int, buffer.shape)) * tvm.DataType(str(buffer.dtype)).bits // 8)
        return allocation

    tvm_ffi.structural_map(body, (tirx.AllocBuffer, measure))
    return max(sizes) > _STACK_LIMIT


def _unchecked(statement: Any) -> Any:
    """Of a check whether a call of these has failed, the call alone."""
    then = statement.then_case
    if not (isinstance(then, tirx.Evaluate) and getattr(getattr(then.value, "op", None), "name", "") == _THROW):
        return statement
    condition = statement.condition
    return tirx.Evaluate(condition.a if hasattr(condition, "a") else tirx.IntImm("int32", 0))
