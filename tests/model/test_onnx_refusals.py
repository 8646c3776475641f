# SPDX-License-Identifier: Apache-2.0
"""ONNX files that are refused: each with one message that names the layer, its types, and what to do."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from exactness.onnx_builder import OnnxBuilder, QuantizedType
from onnx import TensorProto

from tvm_stm32.errors import ModelError
from tvm_stm32.model.onnx import read_onnx
from tvm_stm32.quantize.fold import fold

Build = Callable[[OnnxBuilder], str]


def refusal(folder: Path, content: bytes) -> str:
    """The message for a file."""
    path = folder / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_onnx(path)
    text = str(caught.value)
    assert "model.onnx" in text
    assert "Traceback" not in text
    return text.replace(f"{folder}/", "")


def node(kind: str, shape: tuple[Any, ...] = (1, 3, 8, 8), *constants: Any, **attributes: Any) -> Build:
    """An operator named `layer` on a float32 input and constants."""

    def build(builder: OnnxBuilder) -> str:
        names = [builder.constant(np.asarray(values)) for values in constants]
        return builder.node(kind, builder.input(shape, name="x"), *names, name="layer", **attributes)

    return build


def floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


CASES: dict[str, tuple[Build, int, list[str]]] = {
    "unknown operator": (
        node("Elu"),
        17,
        ['layer "layer", Elu (float32[1,3,8,8]) -> (float32[1,3,8,8])', "the operator is not supported", "AveragePool"],
    ),
    "maximum over channels": (
        node("ReduceMax", axes=[1]),
        13,
        ["ReduceMax", "the maximum over the axes [1] of 4 is not supported", "reduce all spatial axes"],
    ),
    "slope of each channel": (
        node("PRelu", (1, 3, 8, 8), floats(3, 1, 1)),
        17,
        ["PRelu", "3 slopes are not supported", "one slope for all channels"],
    ),
    "recurrent": (
        node("LSTM", (1, 1, 3), floats(1, 8, 3), floats(1, 8, 2), hidden_size=2),
        17,
        ["LSTM", "recurrent layers are not supported"],
    ),
    "computed on values": (node("Exp"), 17, ["Exp", "not supported on computed values"]),
    "weights computed": (
        lambda b: b.node("Conv", b.input((1, 3, 8, 8)), b.input((4, 3, 3, 3)), name="layer"),
        17,
        ["the batch is 4"],
    ),
    "weights computed from an input": (
        lambda b: b.node("Conv", b.input((1, 3, 8, 8)), b.node("Relu", b.input((1, 3, 3, 3))), name="layer"),
        17,
        ["the weights (input 1) must be constant", "initializer"],
    ),
    "matrices multiplied": (
        lambda b: b.node("MatMul", b.input((1, 4, 5)), b.input((1, 5, 6)), name="layer"),
        17,
        ["MatMul", "must be constant"],
    ),
    "three dimensions": (node("MaxPool", (1, 2, 4, 4, 4), kernel_shape=[2, 2, 2]), 17, ["3 spatial dimensions"]),
    "transposed input": (node("Gemm", (1, 1), floats(1, 5), transA=1), 17, ["transA is not supported"]),
    "dilated pool": (node("MaxPool", (1, 2, 9, 9), kernel_shape=[2, 2], dilations=[2, 2]), 17, ["dilated pooling"]),
    "counted partial windows": (
        node("AveragePool", (1, 2, 8, 8), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, count_include_pad=1),
        17,
        ["ceil_mode together with count_include_pad"],
    ),
    "reflection": (
        node("Pad", (1, 2, 8, 8), np.array([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect"),
        17,
        ["padding mode 'reflect'", "use constant padding"],
    ),
    "double": (
        lambda b: b.node("Relu", b.node("Cast", b.input((1, 4)), to=TensorProto.DOUBLE), name="layer"),
        17,
        ["Cast", "not supported"],
    ),
    "divided by a computed value": (
        lambda b: b.node("Div", b.input((1, 4)), b.input((1, 4)), name="layer"),
        17,
        ["Div by a computed or quantized value"],
    ),
    "behind others": (
        lambda b: b.node("Erf", b.node("Flatten", b.input((1, 3, 4))), name="layer"),
        17,
        ["Erf (float32[1,12])", "the operator is not supported"],
    ),
    "dynamic width": (node("Relu", (1, 3, "H", 8)), 17, ["input 'x'", "dimension 2 is dynamic 'H'", "fixed"]),
    "dynamic width of Paddle": (node("Relu", (1, 3, -1, 8)), 17, ["input 'x'", "dimension 2 is dynamic", "fixed"]),
    "batch of four": (node("Relu", (4, 3)), 17, ["the batch is 4; 1 is supported"]),
    "opset 6": (node("Relu", (1, 3)), 6, ["opset 6 is not supported", "from 7"]),
    "int16": (
        lambda b: b.quantize(b.input((1, 4)), QuantizedType(0.1, 0, "int16")),
        21,
        ["int16 values are not supported", "quantize it to int8"],
    ),
    "activations per channel": (
        lambda b: b.node("QuantizeLinear", b.input((1, 4)), b.constant(floats(4)), b.constant(np.zeros(4, np.int8))),
        17,
        ["activations quantized per channel", "per tensor"],
    ),
    "negative scale": (
        lambda b: b.quantize(b.input((1, 4)), QuantizedType(-0.1, 0)),
        17,
        ["a scale is not a positive finite number"],
    ),
    "operator form": (
        lambda b: b.node(
            "QLinearMatMul", b.input((1, 4), "int8"), b.constant(np.float32(1)), b.constant(np.int8(0)),
            b.constant(np.ones((4, 4), np.int8)), b.constant(np.float32(1)), b.constant(np.int8(0)),
            b.constant(np.float32(1)), b.constant(np.int8(0)), name="layer",
        ),
        17,
        ["QLinearMatMul", "QOperator form", "quant_format=QuantFormat.QDQ"],
    ),
    "dynamic quantization": (
        lambda b: b.node("ConvInteger", b.input((1, 3, 4, 4), "uint8"), b.constant(np.ones((2, 3, 1, 1), np.uint8))),
        17,
        ["ConvInteger", "dynamic quantization", "quantize_static"],
    ),
    "training": (
        lambda b: b.node("BatchNormalization", b.input((1, 2, 4, 4)), *(b.constant(floats(2)) for _ in range(4)),
                         outputs=3, training_mode=1, name="layer"),
        17,
        ["training mode is not supported"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_refusals(case: tuple[Build, int, list[str]], tmp_path: Path) -> None:
    build, opset, expected = case
    builder = OnnxBuilder(opset)
    text = refusal(tmp_path, builder.finish(build(builder)))
    for part in expected:
        assert part in text
    assert "\n" not in text.partition("\n  hint: ")[0]


def test_a_constant_output_is_refused(tmp_path: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("Relu", builder.input((1, 4)))
    constant = builder.node("Neg", builder.constant(floats(3)))
    assert f"output {constant!r}: the output is constant" in refusal(tmp_path, builder.finish(y, constant))


def test_missing_external_weights(tmp_path: Path) -> None:
    builder = OnnxBuilder()
    model = builder.model(builder.node("Gemm", builder.input((1, 30)), builder.constant(floats(30, 20))))
    path = tmp_path / "source.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()
    assert "the external weights cannot be read" in refusal(tmp_path, path.read_bytes())


def test_a_value_that_nothing_computes(tmp_path: Path) -> None:
    builder = OnnxBuilder()
    builder.input((1, 4))
    y = builder.node("Relu", "nowhere")
    assert "not a valid ONNX model" in refusal(tmp_path, builder.finish(y))


# --- files that are no models ----------------------------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model file"):
        read_onnx(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"", b"hello, this is text", bytes(200), b"\xff" * 200, b"TFL3" * 20])
def test_files_of_another_kind(content: bytes, tmp_path: Path) -> None:
    text = refusal(tmp_path, content)
    assert "empty" in text or "not an ONNX model" in text
    assert "hint" in text


def damaged_files(content: bytes, count: int) -> list[bytes]:
    """Truncated files, and files with flipped bits: anywhere, in the nodes at the front, in the types at the end."""
    rng = random.Random(0)
    files = [content[: len(content) * part // 20] for part in range(20)]
    while len(files) < count:
        damaged = bytearray(content)
        start, stop = rng.choice([(0, len(content)), (0, 2000), (len(content) - 1000, len(content))])
        for _ in range(rng.choice([1, 1, 3, 20])):
            damaged[rng.randrange(start, stop)] ^= 1 << rng.randrange(8)
        files.append(bytes(damaged))
    return files


@pytest.mark.parametrize("name", ["digits_float.onnx", "digits_int8.onnx"])
def test_damaged_files_give_one_message_or_a_network(repository: Path, name: str, tmp_path: Path) -> None:
    path, refused = tmp_path / "model.onnx", 0
    for content in damaged_files((repository / "examples/digits" / name).read_bytes(), 150):
        path.write_bytes(content)
        try:
            fold(read_onnx(path))
        except ModelError:  # anything else fails the test
            refused += 1
    assert refused > 50
