# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite files that are refused: each with one message that names the layer and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_builder import TfliteBuilder

from tvm_stm32.errors import ModelError
from tvm_stm32.model.tflite import read_tflite

Build = Callable[[TfliteBuilder], int]

STRIDES = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def refusal(build: Build, folder: Path) -> ModelError:
    """The error for a model of which `build` makes everything and answers the output."""
    builder = TfliteBuilder()
    output = build(builder)
    path = folder / "model.tflite"
    path.write_bytes(builder.finish([output]))
    with pytest.raises(ModelError) as caught:
        read_tflite(path)
    return caught.value


def unary(kind: str, x: tuple[Any, ...], y: tuple[Any, ...], **options: Any) -> Build:
    """An operator of one input; `x` and `y` are shape, dtype, scale, zero point."""

    def build(builder: TfliteBuilder) -> int:
        source, target = builder.input(*x), builder.value(*y)
        builder.operator(kind, [source], [target], **options)
        return target

    return build


def binary(kind: str, x: tuple[Any, ...], w: tuple[Any, ...], y: tuple[Any, ...], **options: Any) -> Build:
    """An operator with a constant second input; `w` is data, scales, zero points, axis."""

    def build(builder: TfliteBuilder) -> int:
        source, constant, target = builder.input(*x), builder.constant(*w), builder.value(*y)
        builder.operator(kind, [source, constant], [target], **options)
        return target

    return build


def int8_weights(*shape: int) -> np.ndarray:
    return np.ones(shape, np.int8)


X4 = ((1, 4, 4, 2), "int8", 0.1, 0)
Y4 = ((1, 4, 4, 3), "int8", 0.1, 0)
W4 = (int8_weights(3, 1, 1, 2), [0.1])
SAME_POOL = {"filterHeight": 2, "filterWidth": 2, "strideH": 1, "strideW": 1}


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (unary("SIN", ((1, 3), "float32"), ((1, 3), "float32")), "the operator is not supported"),
        (unary("RELU", ((1, 3), "uint8", 0.1, 0), ((1, 3), "uint8", 0.1, 0)), "uint8 activations are not supported"),
        (unary("RELU", ((1, 3), "int16", 0.1, 0), ((1, 3), "int16", 0.1, 0)), "int16 activations are not supported"),
        (unary("RELU", ((1, 3), "int8", 0.1, 0), ((1, 3), "float32")), "int8 and float32 activations are mixed"),
        (unary("RELU", ((1, 3), "int8"), ((1, 3), "int8", 0.1, 0)), "has no quantization"),
        (unary("RELU", ((1, 3), "float32"), ((1, 4), "float32")), "the output's shape is [1, 4]"),
        (unary("QUANTIZE", ((1, 3), "float32"), ((1, 3), "uint8", 0.1, 0)), "float32 to uint8 is not supported"),
        (unary("DEQUANTIZE", ((1, 3), "int16", 0.1, 0), ((1, 3), "float32")), "int16 to float32 is not supported"),
        (unary("SOFTMAX", ((1, 3), "int8", 0.1, 0), ((1, 3), "int8", 0.1, 0), beta=1.0), "has the output scale 1/256"),
        (unary("SOFTMAX", ((1, 3), "float32"), ((1, 3), "float32"), beta=float("nan")), "beta is nan"),
        (unary("RESHAPE", ((1, 3), "float32"), ((1, 4), "float32")), "3 values cannot fill 4"),
        (unary("CONCATENATION", ((1, 3), "int8", 0.1, 0), ((1, 3), "int8", 0.2, 0), axis=1), "does not rescale"),
        (unary("CONCATENATION", ((1, 3), "float32"), ((1, 3), "float32"), axis=2), "axes [2] of a tensor with 2"),
        (unary("MAX_POOL_2D", X4, ((1, 3, 3, 2), "int8", 0.2, 0), padding=1, **SAME_POOL), "does not rescale"),
        (unary("MAX_POOL_2D", X4, ((1, 3, 3, 2), "int8", 0.1, 0), padding=1, strideH=1, strideW=1), "kernel is 0x0"),
        (unary("RELU", ((2, 4, 4, 2), "float32"), ((2, 4, 4, 2), "float32")), "the batch is 2; 1 is supported"),
        (unary("RELU", ((1, 0), "float32"), ((1, 0), "float32")), "is open or empty"),
        (unary("RELU", ((1, -1), "float32"), ((1, -1), "float32")), "is open or empty"),
        (binary("CONV_2D", X4, W4, Y4, fusedActivationFunction=4, **STRIDES), "fused activation TANH is not supported"),
        (binary("CONV_2D", X4, W4, Y4, strideH=0, strideW=1), "the stride is 0x1"),
        (binary("CONV_2D", X4, W4, ((1, 5, 4, 3), "int8", 0.1, 0), **STRIDES), "the output's shape is [1, 5, 4, 3]"),
        (binary("CONV_2D", X4, (int8_weights(3, 1, 1, 4), [0.1]), Y4, **STRIDES), "do not divide into groups of 4"),
        (binary("CONV_2D", X4, (int8_weights(3, 5, 1, 2), [0.1]), Y4, padding=1, **STRIDES), "larger than the input"),
        (binary("CONV_2D", X4, (int8_weights(3, 1, 1, 2),), Y4, **STRIDES), "the weights are int8 but have no"),
        (binary("CONV_2D", X4, (int8_weights(3, 1, 1, 2), [0.1], [4]), Y4, **STRIDES), "zero point that is not 0"),
        (binary("CONV_2D", X4, (int8_weights(3, 1, 1, 2), [0.1, 0.2], [0, 0], 3), Y4, **STRIDES), "expected axis 0"),
        (binary("CONV_2D", X4, (np.ones((3, 1, 1, 2), np.float32),), Y4, **STRIDES), "int8 activations with float32"),
        (
            binary("CONV_2D", ((1, 4, 4, 2), "float32"), W4, ((1, 4, 4, 3), "float32"), **STRIDES),
            "hybrid quantization (float32 activations with int8 weights)",
        ),
        (
            binary("DEPTHWISE_CONV_2D", X4, (int8_weights(1, 1, 1, 3), [0.1]), Y4, depthMultiplier=1, **STRIDES),
            "2 input channels times multiplier 1 is not 3",
        ),
        (
            binary("FULLY_CONNECTED", X4, (int8_weights(3, 7), [0.1]), Y4),
            "32 input values do not divide into rows of 7",
        ),
        (
            binary("FULLY_CONNECTED", X4, (int8_weights(3, 2), [0.1]), Y4, weightsFormat=1),
            "shuffled weights are not supported",
        ),
        (binary("ADD", X4, (int8_weights(3), [0.1]), X4), "the shapes do not broadcast"),
        (binary("ADD", X4, (int8_weights(2), [0.1]), ((1, 4, 4, 2), "int8", 1e-8, 0)), "output's scale is too small"),
        (binary("MEAN", X4, (np.array([4], np.int32),), X4), "axes [4] of a tensor with 4 dimensions"),
        (binary("MEAN", X4, (np.array([1.0], np.float32),), X4), "the axes are float32"),
        (binary("TRANSPOSE", X4, (np.array([0, 1, 1, 2], np.int32),), X4), "is no permutation of 4 axes"),
        (binary("PAD", X4, (np.array([[0, -1]] * 4, np.int32),), X4), "are negative"),
        (binary("PAD", X4, (np.array([0, 1], np.int32),), X4), "the paddings have the shape [2]"),
    ],
)
def test_refused(build: Build, what: str, tmp_path: Path) -> None:
    assert what in refusal(build, tmp_path).what


def test_message_names_layer_types_and_remedy(tmp_path: Path) -> None:
    error = refusal(unary("GATHER", ((1, 3), "float32"), ((1, 2), "float32")), tmp_path)
    assert error.where.endswith('model.tflite, layer 0 "t1", GATHER (float32[1,3]) -> (float32[1,2])')
    assert "compute it in the application" in error.hint
    assert "CONV_2D" in error.hint


def test_bias_in_other_units(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        x, y = builder.input((1, 2), "int8", 0.1, 0), builder.value((1, 3), "int8", 0.1, 0)
        weights = builder.constant(int8_weights(3, 2), [0.1])
        bias = builder.constant(np.zeros(3, np.int32), [0.5])
        builder.operator("FULLY_CONNECTED", [x, weights, bias], [y])
        return y

    assert "the bias's scale is not the product" in refusal(build, tmp_path).what


def test_weights_that_are_computed(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        x, weights, y = (
            builder.input((1, 2), "float32"),
            builder.input((3, 2), "float32"),
            builder.value((1, 3), "float32"),
        )
        builder.operator("FULLY_CONNECTED", [x, weights, -1], [y])
        return y

    assert "the weights must be a constant, tensor 't1' is not" in refusal(build, tmp_path).what


def test_open_dimension(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        x, y = builder.input((1, 3), "float32"), builder.value((1, 3), "float32")
        builder.graph.tensors[x].shapeSignature = [1, -1]
        builder.operator("RELU", [x], [y])
        return y

    assert "the shape [1, -1] is open" in refusal(build, tmp_path).what


def test_custom_operator(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        output = unary("CUSTOM", ((1, 3), "float32"), ((1, 3), "float32"))(builder)
        builder.model.operatorCodes[0].customCode = b"MyOperator"
        return output

    assert "CUSTOM MyOperator (float32[1,3])" in refusal(build, tmp_path).where


def test_variable_tensor(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        output = unary("RELU", ((1, 3), "float32"), ((1, 3), "float32"))(builder)
        builder.graph.tensors[0].isVariable = True
        return output

    assert "variable tensors are not supported" in refusal(build, tmp_path).what


def test_several_subgraphs(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        output = unary("RELU", ((1, 3), "float32"), ((1, 3), "float32"))(builder)
        builder.model.subgraphs.append(builder.graph)
        return output

    assert "the model has 2 subgraphs" in refusal(build, tmp_path).what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: setattr(t.quantization, "scale", [0.0]), "not a positive finite number"),
        (lambda t: setattr(t.quantization, "scale", [float("inf")]), "not a positive finite number"),
        (lambda t: setattr(t.quantization, "scale", [-1.0]), "not a positive finite number"),
        (lambda t: setattr(t.quantization, "zeroPoint", [128]), "a zero point does not fit int8"),
        (lambda t: setattr(t.quantization, "zeroPoint", []), "1 scales but 0 zero points"),
        (lambda t: setattr(t.quantization, "scale", [0.1, 0.2]), "2 scales but 1 zero points"),
        (lambda t: setattr(t, "shape", [1] * 9), "9 dimensions are not supported"),
        (lambda t: setattr(t, "shape", [1, 1 << 30]), "is too large"),
        (lambda t: setattr(t, "type", 8), "type COMPLEX64 is not supported"),
        (lambda t: setattr(t, "name", b"\xff\xfe"), "a name is not UTF-8"),
        (lambda t: setattr(t, "buffer", 99), "an index leads out of its table"),
    ],
)
def test_broken_tensor(change: Callable[[Any], None], what: str, tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        output = unary("RELU", ((1, 3), "int8", 0.1, 0), ((1, 3), "int8", 0.1, 0))(builder)
        change(builder.graph.tensors[0])
        return output

    assert what in refusal(build, tmp_path).what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda g: g.operators[0].inputs.__setitem__(0, 7), "tensor 7 of 3"),
        (lambda g: g.operators[0].outputs.__setitem__(0, -1), "tensor -1 of 3"),
        (lambda g: (setattr(g.operators[0], "outputs", [2]), setattr(g.operators[1], "inputs", [0])), "computed twice"),
        (lambda g: g.operators.reverse(), "before it is computed"),
        (lambda g: setattr(g.operators[0], "opcodeIndex", 5), "an index leads out of its table"),
        (lambda g: setattr(g, "inputs", []), "no inputs or no outputs"),
        (lambda g: setattr(g, "inputs", [0, 0]), "an input appears twice"),
        (lambda g: g.operators.pop(), "is not computed"),
    ],
)
def test_broken_graph(change: Callable[[Any], None], what: str, tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        x, y, z = builder.input((1, 3), "float32"), builder.value((1, 3), "float32"), builder.value((1, 3), "float32")
        builder.operator("RELU", [x], [y])
        builder.operator("RELU6", [y], [z])
        change(builder.graph)
        return z

    assert what in refusal(build, tmp_path).what


def test_constant_of_another_size(tmp_path: Path) -> None:
    def build(builder: TfliteBuilder) -> int:
        output = binary("ADD", ((1, 3), "float32"), (np.ones(3, np.float32),), ((1, 3), "float32"))(builder)
        builder.graph.tensors[1].shape = [1]
        return output

    assert "has 12 bytes, float32[1] needs 4" in refusal(build, tmp_path).what


# --- files -----------------------------------------------------------------------------------------------------------


def model() -> bytes:
    """A small model with everything that a file usually has."""
    builder = TfliteBuilder()
    output = binary("CONV_2D", X4, W4, Y4, **STRIDES)(builder)
    return builder.finish([output])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the model file is empty"),
        (b"TFL3", "this is not a TensorFlow Lite model"),
        (b"PK\x03\x04" + bytes(100), "this is not a TensorFlow Lite model"),
        (b"\x08\x00\x00\x00TFL3", "the model file is damaged"),
        (b"\xff\xff\xff\xffTFL3" + bytes(100), "the model file is damaged"),
        (b"\x08\x00\x00\x00TFL3" + bytes(100), "the model file is damaged"),
        (b"\x08\x00\x00\x00TFL3" + b"\xff" * 100, "the model file is damaged"),
    ],
)
def test_no_model(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=what):
        read_tflite(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model file: No such file"):
        read_tflite(tmp_path / "absent.tflite")
    with pytest.raises(ModelError, match="cannot read the model file: Is a directory"):
        read_tflite(tmp_path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    content, path = model(), tmp_path / "model.tflite"
    for length in range(len(content) - 4):
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            read_tflite(path)


def refusal_of(content: bytes | bytearray, path: Path) -> ModelError | None:
    """The error for a file of that content; None when it is read. Any other exception is a fault."""
    path.write_bytes(content)
    try:
        read_tflite(path)
    except ModelError as error:
        return error
    return None


def test_every_flipped_bit_is_read_or_refused(tmp_path: Path) -> None:
    content, errors = model(), []
    for bit in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        errors.append(refusal_of(damaged, tmp_path / "model.tflite"))
    noticed = [error for error in errors if error is not None]
    assert all(error.where for error in noticed)
    assert len(noticed) > len(content)  # one bit of eight; the rest are names, weights and gaps


def test_damaged_network(shared: Path, tmp_path: Path) -> None:
    """A real file, with one to twenty bits flipped or its end cut off."""
    content = (shared / "models" / "kws_int8.tflite").read_bytes()
    rng = np.random.default_rng(7)
    errors = []
    for flips in [1, 1, 1, 2, 5, 20] * 40:
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), flips):
            damaged[place] ^= 1 << int(rng.integers(0, 8))
        length = int(rng.integers(1, len(content))) if rng.random() < 0.2 else len(content)
        errors.append(refusal_of(damaged[:length], tmp_path / "model.tflite"))
    assert all(error.where for error in errors if error is not None)
