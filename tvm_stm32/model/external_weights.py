# SPDX-License-Identifier: Apache-2.0
"""The files that an .onnx file keeps its weights in.

An ONNX tensor may name a file beside the model (``TensorProto.external_data``, an entry with the key "location"). The
entry is looked for in the bytes as protobuf writes it, which spares build tools the import of onnx.

``python -m tvm_stm32.model.external_weights FILE`` prints their paths, a line each.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

#: StringStringEntryProto: field 1, the key, "location"; field 2, the value, its length in one byte, and the value.
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])")


def external_names(content: bytes) -> list[str]:
    """What may be names of files with weights, relative to the .onnx file with that content, in order and once each.

    Weights can hold any bytes: a name of no file is none.
    """
    names = {
        content[found.end() : found.end() + found[1][0]].decode("utf-8", "replace")
        for found in _LOCATION.finditer(content)
    }
    return sorted(name for name in names if name.isprintable())


if __name__ == "__main__":
    model = Path(sys.argv[1])
    for path in map(model.parent.joinpath, external_names(model.read_bytes())):
        if path.is_file():
            print(path)
