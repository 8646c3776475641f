# SPDX-License-Identifier: Apache-2.0
"""The compiler's process."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages import classifier

from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import Settings


def test_pytorch_is_not_imported_without_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TVM's binding would."""
    (tmp_path / "torch.py").write_text("raise SystemExit('PyTorch was imported')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "kws.tflite").write_bytes(classifier())
    settings = Settings("kws", "balanced", "cortex-m4", "", "any", "arena", "arena")
    assert compile_in_child(tmp_path / "kws.tflite", settings).description == "TFLite, int8"
