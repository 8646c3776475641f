# SPDX-License-Identifier: Apache-2.0
"""Constants in the form in which TVM keeps them, as ``tvm.runtime.load_param_dict`` reads it.

Source: ``SaveParams`` in ``src/runtime/file_utils.cc`` and ``NDArray::Save`` of TVM; all numbers little endian.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from tvm_stm32.codegen.compiled_model import Parameter

_LIST_MAGIC = 0xF7E58D4F05049CB7
_ARRAY_MAGIC = 0xDD5E40F096B4A13F
_CPU = (1, 0)  #: DLDevice: kDLCPU, number 0
_CODES = {"int": 0, "uint": 1, "float": 2}  #: DLDataTypeCode
_TYPE = re.compile(r"([a-z]+)(\d+)")


def save_parameters(parameters: Sequence[Parameter]) -> bytes:
    """`parameters` as vectors under their names in C."""
    names = [parameter.c_name.encode() for parameter in parameters]
    return b"".join(
        [
            struct.pack("<QQ", _LIST_MAGIC, 0),
            struct.pack("<Q", len(names)),
            *(struct.pack("<Q", len(name)) + name for name in names),
            struct.pack("<Q", len(parameters)),
            *map(_array, parameters),
        ]
    )


def _array(parameter: Parameter) -> bytes:
    """One vector: type, length and elements."""
    kind = _TYPE.fullmatch(parameter.dtype)
    assert kind, f"{parameter.dtype} is no type of a constant"
    head = struct.pack("<QQii", _ARRAY_MAGIC, 0, *_CPU)
    dtype = struct.pack("<BBH", _CODES[kind[1]], int(kind[2]), 1)
    shape = struct.pack("<q", parameter.count)
    return head + struct.pack("<i", 1) + dtype + shape + struct.pack("<q", len(parameter.values)) + parameter.values
