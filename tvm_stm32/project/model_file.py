# SPDX-License-Identifier: Apache-2.0
"""A model as one file, whatever files beside it hold its weights."""

from __future__ import annotations

from pathlib import Path


def whole_model(model: Path) -> bytes:
    """The content of a valid model file; what an .onnx file keeps in other files is put into it."""
    content = model.read_bytes()
    if model.suffix.lower() != ".onnx":
        return content
    import onnx  # here: it takes longer to load than all the rest

    document = onnx.load_model_from_string(content)
    as_it_is: bytes = document.SerializeToString(deterministic=True)
    onnx.load_external_data_for_model(document, str(model.parent))
    completed: bytes = document.SerializeToString(deterministic=True)
    return content if completed == as_it_is else completed
