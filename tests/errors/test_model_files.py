# SPDX-License-Identifier: Apache-2.0
"""Model files that are missing, empty, cut off, altered, or something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import CommandLine, message
from small_networks import small_float_onnx, small_onnx, small_tflite

from tvm_stm32.codegen.compile import compile_model
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.errors import ModelError

SETTINGS = Settings("kws", "balanced", "cortex-m4", "", "any", "arena", "arena")

MODELS = {"model.tflite": small_tflite(), "model.onnx": small_onnx(), "float.onnx": small_float_onnx()}

#: files with one wrong bit that are tried of each model
ALTERED = 32

NO_TFLITE = ("this is not a TensorFlow Lite model", "a .tflite file has TFL3 in its bytes 4 to 7")
DAMAGED_TFLITE = (
    "the model file is damaged (an offset or a length leads out of the file)",
    "copy or export the model again; the file was truncated or altered",
)
NO_ONNX = (
    "this is not an ONNX model, or the file is damaged",
    "give an .onnx file; if this is one, it was truncated or altered: copy or export it again",
)


@pytest.mark.parametrize("model", ["missing.tflite", "missing.onnx", "no such folder/model.onnx"])
def test_missing_file(command_line: CommandLine, model: str) -> None:
    said = command_line.refuses_model(model)
    assert said == message(model, "cannot read the model file: No such file or directory", "check the path")


def test_folder(command_line: CommandLine) -> None:
    assert command_line.refuses_model("out") == message(
        "out", "cannot read the model file: Is a directory", "check the path"
    )


@pytest.mark.parametrize("model", ["model.tflite", "model.onnx"])
def test_empty_file(command_line: CommandLine, model: str) -> None:
    said = command_line.refuses_model(command_line.write(model, b""))
    assert said == message(model, "the model file is empty", "export or download the model again")


@pytest.mark.parametrize(
    ("model", "content", "said"),
    [
        ("model.tflite", MODELS["model.tflite"][:4], NO_TFLITE),
        ("model.tflite", MODELS["model.tflite"][:1400], DAMAGED_TFLITE),
        ("model.tflite", b"hello, this is text\n", NO_TFLITE),
        ("model.tflite", MODELS["model.onnx"], NO_TFLITE),
        ("model.onnx", MODELS["model.onnx"][:4], NO_ONNX),
        ("model.onnx", MODELS["model.onnx"][:1400], NO_ONNX),
        ("model.onnx", b"hello, this is text\n", NO_ONNX),
        (
            "model.zip",
            b"PK\3\4",
            (
                "not a model file of a known format",
                "give a .tflite (TFLite flatbuffer), .onnx or .pt2 (torch.export.save) file",
            ),
        ),
        (
            "model.pt2",
            b"PK\3\4",
            (
                "this is no .pt2 file, or it is damaged",
                "copy the file again, or write it again with torch.export.save",
            ),
        ),
    ],
)
def test_file_that_is_cut_off_or_something_else(
    command_line: CommandLine, model: str, content: bytes, said: tuple[str, str]
) -> None:
    assert command_line.refuses_model(command_line.write(model, content)) == message(model, *said)


def refusal(path: Path) -> ModelError | None:
    """Compiles and emits a file that may be damaged; returns the refusal if there is one."""
    try:
        emit(compile_model(path, SETTINGS))
    except ModelError as error:
        return error
    return None


def is_complete(error: ModelError, path: Path) -> bool:
    """Whether it says what, where and what to do; the command line puts the file before a layer."""
    return bool(error.what and error.hint) and error.where.startswith((str(path), "layer "))


@pytest.mark.parametrize("model", MODELS)
def test_any_byte_may_be_altered(tmp_path: Path, model: str) -> None:
    """One bit is wrong, anywhere: it is refused, or what it says compiles (a weight, a name)."""
    rng = np.random.default_rng(7)
    refusals = 0
    for position in rng.choice(len(MODELS[model]), ALTERED, replace=False):
        content = bytearray(MODELS[model])
        content[position] ^= 1 << int(rng.integers(8))
        (tmp_path / model).write_bytes(content)
        if error := refusal(tmp_path / model):
            assert is_complete(error, tmp_path / model), str(error)
            refusals += 1
    assert 0 < refusals < ALTERED


@pytest.mark.parametrize("model", MODELS)
def test_any_length_may_be_missing(tmp_path: Path, model: str) -> None:
    for length in np.linspace(0, len(MODELS[model]) - 1, 30).astype(int):
        (tmp_path / model).write_bytes(MODELS[model][:length])
        error = refusal(tmp_path / model)
        assert error is not None
        assert is_complete(error, tmp_path / model), str(error)


@pytest.mark.parametrize("model", MODELS)
def test_refusal_of_an_altered_file_is_one_message(command_line: CommandLine, model: str) -> None:
    """The first of those files that is refused, by the command line."""
    rng = np.random.default_rng(8)
    while True:
        content = bytearray(MODELS[model])
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        command_line.write(model, bytes(content))
        if error := refusal(command_line.folder / model):
            break
    where = error.where.replace(f"{command_line.folder}/", "")
    said = command_line.refuses_model(model)
    assert said == message(where if where.startswith(model) else f"{model}, {where}", error.what, error.hint)
