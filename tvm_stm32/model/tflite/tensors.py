# SPDX-License-Identifier: Apache-2.0
"""Tensors of a .tflite file: shape, type, quantization and constant data, each checked by itself."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import Quantization, Tensor
from tvm_stm32.model.tflite.file import FileTensor, damaged

#: the schema's types whose values can be held; which operator takes which is the operator's business
DTYPES = {
    "FLOAT32": "float32",
    "FLOAT16": "float16",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
}
#: more than any microcontroller has, less than what overflows an index
MAX_TENSOR_BYTES = 2**31 - 1
#: more dimensions than TensorFlow Lite's kernels know
MAX_RANK = 8


def read_tensor(tensor: FileTensor, name: str, path: Path) -> Tensor:
    """One tensor of the network under its unique `name`; a batch of -1 is bound to 1.

    Raises:
        ModelError: a type, shape, quantization or buffer that is not supported or contradicts itself.
    """
    where = f"{path}, tensor {name!r}"
    if tensor.type not in DTYPES:
        raise ModelError(f"type {tensor.type} is not supported", where, "use int8 or float32")
    if tensor.variable:
        hint = "make the state an input and an output of the model"
        raise ModelError("variable tensors are not supported", where, hint)
    if tensor.sparse:
        raise ModelError("sparse tensors are not supported", where, "convert the model with dense weights")
    dtype = DTYPES[tensor.type]
    shape = _shape(tensor, where)
    return Tensor(
        name=name,
        shape=shape,
        dtype=dtype,
        quantization=_quantization(tensor, shape, dtype, where),
        data=_constant(tensor, shape, dtype, path, name),
    )


def _shape(tensor: FileTensor, where: str) -> tuple[int, ...]:
    """The shape with an open batch bound to 1."""
    shape = tensor.shape
    if len(shape) > MAX_RANK:
        raise ModelError(f"{len(shape)} dimensions are not supported", where, f"use at most {MAX_RANK}")
    if shape and shape[0] == -1:
        shape = (1, *shape[1:])
    if any(n < 1 for n in shape):
        hint = "convert the model with a fixed input shape"
        raise ModelError(f"the shape {list(tensor.shape)} is open or empty", where, hint)
    if math.prod(shape) * 8 > MAX_TENSOR_BYTES:
        raise ModelError(f"the shape {list(shape)} is too large", where, "the file is probably damaged: copy it again")
    return shape


def _quantization(tensor: FileTensor, shape: tuple[int, ...], dtype: str, where: str) -> Quantization | None:
    """The tensor's quantization, checked; None when it has no scale."""
    scales, zero_points = tensor.scales, tensor.zero_points
    if not scales or not np.issubdtype(np.dtype(dtype), np.integer):
        return None
    if len(zero_points) != len(scales):
        raise ModelError(f"{len(scales)} scales but {len(zero_points)} zero points", where, "quantize the model again")
    if not all(math.isfinite(s) and s > 0 for s in scales):
        raise ModelError("a scale is not a positive finite number", where, "quantize the model again")
    limits = np.iinfo(dtype)
    if not all(limits.min <= z <= limits.max for z in zero_points):
        raise ModelError(f"a zero point does not fit {dtype}", where, "quantize the model again")
    if len(scales) == 1:
        return Quantization(scales, zero_points)
    axis = tensor.axis
    if not 0 <= axis < len(shape) or shape[axis] != len(scales):
        raise ModelError(
            f"{len(scales)} scales along axis {axis} of the shape {list(shape)}", where, "quantize the model again"
        )
    return Quantization(scales, zero_points, axis)


def _constant(
    tensor: FileTensor, shape: tuple[int, ...], dtype: str, path: Path, name: str
) -> npt.NDArray[np.generic] | None:
    """The constant's values in their shape; None when the tensor is computed."""
    if tensor.data is None:
        return None
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if tensor.data.size != expected:
        detail = f"tensor {name!r} has {tensor.data.size} bytes, {dtype}{list(shape)} needs {expected}"
        raise damaged(path, detail)
    values = np.frombuffer(tensor.data.tobytes(), np.dtype(dtype).newbyteorder("<"))
    return values.astype(dtype).reshape(shape)
