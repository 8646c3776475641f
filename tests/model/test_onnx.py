# SPDX-License-Identifier: Apache-2.0
"""What is read from an ONNX file: names, layouts, attributes in the forms of all opsets, constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from exactness.onnx_builder import OnnxBuilder
from model.reading import read
from onnx import helper

from tvm_stm32.model.network import (
    Activation,
    Arithmetic,
    Clamp,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Function,
    Mean,
    Network,
    Nonlinear,
    Operator,
    Pad,
    Padding,
    Pool2D,
    Reshape,
    Softmax,
    Summation,
    Transpose,
)
from tvm_stm32.model.onnx import read_onnx


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def only(network: Network) -> Operator:
    """The only operator."""
    (operator,) = network.operators
    return operator


def zeros(builder: OnnxBuilder, *shape: int) -> str:
    return builder.constant(np.zeros(shape), "float32")


# --- names and layouts -----------------------------------------------------------------------------------------------


def test_names_are_the_file_s_and_pictures_become_channels_last(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("Conv", builder.input((1, 3, 8, 6), name="picture"), zeros(builder, 4, 3, 3, 3), name="stem")
    network = read(folder, builder, y)
    assert network.inputs == ["picture"]
    assert network.outputs == [y]
    assert network.tensors["picture"].shape == (1, 8, 6, 3)
    assert network.tensors[y].shape == (1, 6, 4, 4)
    operator = only(network)
    assert (operator.name, operator.source, operator.arithmetic) == ("stem", "Conv", Arithmetic.FLOAT)
    assert network.notes == [
        "input 'picture' is channels last in C: [1, 8, 6, 3]; in the file it is [1, 3, 8, 6]",
        f"output {y!r} is channels last in C: [1, 6, 4, 4]; in the file it is [1, 4, 6, 4]",
    ]


def test_one_channel_needs_no_note(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("Flatten", builder.node("Conv", builder.input((1, 1, 8, 8)), zeros(builder, 4, 1, 3, 3)))
    y = builder.node("Gemm", y, zeros(builder, 144, 5))
    assert read(folder, builder, y).notes == []


def test_an_input_that_no_picture_operator_reads_stays_as_it_is(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.input((1, 3, 4, 5))
    network = read(folder, builder, builder.node("Gemm", builder.node("Flatten", x), zeros(builder, 60, 2)))
    assert network.tensors[x].shape == (1, 3, 4, 5)
    assert network.notes == []


def test_nodes_without_names_and_with_the_same_name_get_their_own(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.input((1, 4))
    for name in ("", "same", "same", "Relu_0"):
        x = builder.node("Relu", x, name=name)
    names = [operator.name for operator in read(folder, builder, x).operators]
    assert names == ["Relu_0_0", "same", "same_2", "Relu_0"]


def test_weights_are_ohwi(folder: Path) -> None:
    builder = OnnxBuilder()
    weights = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    y = builder.node("Conv", builder.input((1, 3, 8, 8)), builder.constant(weights))
    network = read(folder, builder, y)
    np.testing.assert_array_equal(network.input_tensors(only(network))[1].data, weights.transpose(0, 2, 3, 1))


def test_columns_of_a_dense_layer_follow_the_flattened_picture(folder: Path) -> None:
    builder = OnnxBuilder()
    pooled = builder.node("MaxPool", builder.input((1, 2, 3, 4)), kernel_shape=[1, 1])
    weights = np.arange(24 * 5, dtype=np.float32).reshape(24, 5)
    network = read(folder, builder, builder.node("Gemm", builder.node("Flatten", pooled), builder.constant(weights)))
    pool, dense = network.operators
    assert isinstance(pool.attributes, Pool2D)
    assert isinstance(dense.attributes, FullyConnected)
    expected = weights.reshape(2, 3, 4, 5).transpose(3, 1, 2, 0).reshape(5, 24)
    np.testing.assert_array_equal(network.input_tensors(dense)[1].data, expected)


def test_transposes_around_channels_first_operators_vanish(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.input((1, 6, 7, 3), name="nhwc")
    y = builder.node("Conv", builder.node("Transpose", x, perm=[0, 3, 1, 2]), zeros(builder, 4, 3, 3, 3))
    network = read(folder, builder, builder.node("Transpose", y, perm=[0, 2, 3, 1]))
    conv, copy = network.operators
    assert isinstance(conv.attributes, Conv2D)
    assert isinstance(copy.attributes, Reshape)  # gives the output its name, costs nothing
    assert network.tensors["nhwc"].shape == (1, 6, 7, 3)
    assert network.notes == []


def test_a_transpose_that_moves_data_stays(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("Transpose", builder.input((1, 3, 4)), perm=[0, 2, 1])
    network = read(folder, builder, y)
    kinds = [operator.attributes for operator in network.operators if not isinstance(operator.attributes, Reshape)]
    assert kinds == [Transpose((1, 0))]


def test_convolution_over_time_is_one_of_height_one(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("Conv", builder.input((1, 3, 20)), zeros(builder, 4, 3, 5), pads=[2, 1], strides=[2])
    network = read(folder, builder, y)
    conv = next(op for op in network.operators if isinstance(op.attributes, Conv2D))
    assert network.input_tensors(conv)[0].shape == (1, 1, 20, 3)
    assert conv.attributes == Conv2D(strides=(1, 2), padding=Padding(0, 2, 0, 1))
    assert network.tensors[network.outputs[0]].shape == (1, 10, 4)
    assert "channels last" in network.notes[0]


# --- batch -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "note"),
    [
        ("N", "input 'x': dynamic batch 'N' bound to 1"),
        (None, "input 'x': dynamic batch bound to 1"),
        (-1, "input 'x': dynamic batch bound to 1"),
        (1, None),
    ],
)
def test_batch_is_bound_to_one(folder: Path, batch: Any, note: str | None) -> None:
    builder = OnnxBuilder()
    network = read(folder, builder, builder.node("Relu", builder.input((batch, 4), name="x")))
    assert network.tensors["x"].shape == (1, 4)
    assert network.notes == ([note] if note else [])


# --- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "padding"),
    [
        ({"pads": [0, 1, 2, 3]}, Padding(0, 1, 2, 3)),
        ({"auto_pad": "VALID"}, Padding()),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, Padding(0, 1, 1, 1)),
        ({"auto_pad": "SAME_LOWER", "strides": [2, 2]}, Padding(1, 1, 0, 1)),
    ],
)
def test_padding(folder: Path, attributes: dict[str, Any], padding: Padding) -> None:
    builder = OnnxBuilder()
    x = builder.input((1, 2, 8, 9))
    y = builder.node("Conv", x, zeros(builder, 2, 2, 3, 3), **attributes)
    conv = only(read(folder, builder, y)).attributes
    assert isinstance(conv, Conv2D)
    assert conv.padding == padding


@pytest.mark.parametrize(("groups", "kind"), [(1, Conv2D), (2, Conv2D), (4, DepthwiseConv2D)])
def test_groups(folder: Path, groups: int, kind: type) -> None:
    builder = OnnxBuilder()
    y = builder.node("Conv", builder.input((1, 4, 6, 6)), zeros(builder, 8, 4 // groups, 3, 3), group=groups)
    network = read(folder, builder, y)
    attributes = only(network).attributes
    assert isinstance(attributes, kind)
    if isinstance(attributes, DepthwiseConv2D):
        assert attributes.multiplier == 2
        assert network.input_tensors(only(network))[1].shape == (1, 3, 3, 8)


def test_ceil_mode_is_more_padding(folder: Path) -> None:
    builder = OnnxBuilder()
    attributes = {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}
    pool = only(read(folder, builder, builder.node("MaxPool", builder.input((1, 2, 8, 7)), **attributes))).attributes
    assert isinstance(pool, Pool2D)
    assert pool.padding == Padding(0, 0, 1, 0)


@pytest.mark.parametrize(
    ("opset", "attributes", "summation"),
    [
        (17, {"kernel_shape": [2, 2], "strides": [2, 2]}, Summation.COLUMNS),
        (17, {"kernel_shape": [2, 2], "strides": [3, 3]}, Summation.ROWS),
        (17, {"kernel_shape": [8, 8]}, Summation.FOUR_LANES),
        (19, {"kernel_shape": [2, 2], "strides": [2, 2]}, Summation.ROWS),
        (19, {"kernel_shape": [8, 8]}, Summation.ROWS),
    ],
)
def test_averages_add_in_the_order_of_the_opset(
    folder: Path, opset: int, attributes: dict[str, Any], summation: Summation
) -> None:
    builder = OnnxBuilder(opset)
    network = read(folder, builder, builder.node("AveragePool", builder.input((1, 2, 8, 8)), **attributes))
    assert [op.attributes.summation for op in network.operators if isinstance(op.attributes, Pool2D)] == [summation]


# --- operators in the forms of several opsets ------------------------------------------------------------------------


def test_clip_with_attributes_inputs_and_one_bound(folder: Path) -> None:
    old = OnnxBuilder(7)
    y = old.node("Clip", old.input((1, 4)), min=0.0, max=6.0)
    assert only(read(folder, old, y)).attributes == Clamp(Activation(0.0, 6.0))
    new = OnnxBuilder(13)
    y = new.node("Clip", new.input((1, 4)), "", new.constant(np.float32(1.5)))
    assert only(read(folder, new, y)).attributes == Clamp(Activation(None, 1.5))


def test_reduce_mean_with_axes_as_attribute_and_as_input(folder: Path) -> None:
    old = OnnxBuilder(13)
    y = old.node("ReduceMean", old.node("MaxPool", old.input((1, 3, 4, 5)), kernel_shape=[1, 1]), axes=[2, 3])
    assert read(folder, old, y).operators[1].attributes == Mean((1, 2), True, Summation.EIGHT_LANES)
    new = OnnxBuilder(18)
    y = new.node("ReduceMean", new.input((1, 3, 4)), new.constant([-2], "int64"), keepdims=0)
    assert only(read(folder, new, y)).attributes == Mean((1,), False, Summation.ROWS)


def test_maximum_of_each_picture_is_a_global_pool(folder: Path) -> None:
    old = OnnxBuilder(13)
    network = read(folder, old, old.node("ReduceMax", old.input((1, 3, 4, 5)), axes=[-1, 2], keepdims=0))
    assert network.operators[0].attributes == Pool2D("max", (4, 5))
    assert network.tensors[network.outputs[0]].shape == (1, 3)
    new = OnnxBuilder(18)
    network = read(folder, new, new.node("ReduceMax", new.input((1, 3, 4)), new.constant([2], "int64")))
    assert Pool2D("max", (1, 4)) in [operator.attributes for operator in network.operators]
    assert network.tensors[network.outputs[0]].shape == (1, 3, 1)


def test_one_slope_for_all_channels_is_leaky(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("PRelu", builder.input((1, 3)), builder.constant(np.full((1, 1), 0.25, np.float32)))
    assert only(read(folder, builder, y)).attributes == Nonlinear(Function.LEAKY_RELU, 0.25)


def test_constant_takes_the_type_of_a_computed_value(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.input((1, 4))
    low = builder.node("CastLike", builder.constant(np.float64(0.5)), x)
    assert only(read(folder, builder, builder.node("Clip", x, low))).attributes == Clamp(Activation(0.5, None))


def test_pad_with_widths_as_attribute_and_as_input(folder: Path) -> None:
    old = OnnxBuilder(9)
    y = old.node("Pad", old.input((1, 2, 3)), pads=[0, 1, 0, 0, 0, 2], value=1.5)
    assert only(read(folder, old, y)).attributes == Pad(((0, 0), (1, 0), (0, 2)), 1.5)
    new = OnnxBuilder(18)
    x = new.input((1, 2, 3))
    y = new.node("Pad", x, new.constant([1, 2], "int64"), "", new.constant([-1], "int64"))
    assert only(read(folder, new, y)).attributes == Pad(((0, 0), (0, 0), (1, 2)))


def test_softmax_flattens_before_opset_13(folder: Path) -> None:
    old = OnnxBuilder(11)
    network = read(folder, old, old.node("Softmax", old.input((1, 3, 4)), axis=1))
    softmax = next(op for op in network.operators if isinstance(op.attributes, Softmax))
    assert network.input_tensors(softmax)[0].shape == (1, 12)
    new = OnnxBuilder(13)
    network = read(folder, new, new.node("Softmax", new.input((1, 3, 4)), axis=2))
    assert network.tensors[network.operators[0].outputs[0]].shape == (1, 3, 4)


def test_gemm_folds_alpha_and_beta(folder: Path) -> None:
    builder = OnnxBuilder()
    weights, bias = builder.constant([[1.0, 2.0]], "float32"), builder.constant([3.0, 5.0], "float32")
    network = read(folder, builder, builder.node("Gemm", builder.input((1, 1)), weights, bias, alpha=0.5, beta=2.0))
    _, stored, added = network.input_tensors(only(network))
    np.testing.assert_array_equal(stored.data, [[0.5], [1.0]])
    np.testing.assert_array_equal(added.data, [6.0, 10.0])


def test_matmul_takes_the_bias_added_behind_it(folder: Path) -> None:
    builder = OnnxBuilder()
    product = builder.node("MatMul", builder.input((1, 7, 3)), zeros(builder, 3, 5))
    network = read(folder, builder, builder.node("Add", zeros(builder, 5), product))
    assert len(only(network).inputs) == 3


def test_batch_normalization_goes_into_the_convolution(folder: Path) -> None:
    builder, rng = OnnxBuilder(), np.random.default_rng(0)
    weights = rng.normal(size=(2, 3, 1, 1)).astype(np.float32)
    scale, shift, mean = (rng.normal(size=2).astype(np.float32) for _ in range(3))
    variance = np.array([0.5, 2], np.float32)
    y = builder.node("Conv", builder.input((1, 3, 4, 4)), builder.constant(weights))
    statistics = [builder.constant(values) for values in (scale, shift, mean, variance)]
    network = read(folder, builder, builder.node("BatchNormalization", y, *statistics, epsilon=0.0))
    _, stored, bias = network.input_tensors(only(network))
    factor = scale / np.sqrt(variance)
    assert stored.data is not None
    assert bias.data is not None
    np.testing.assert_allclose(stored.data.reshape(2, 3), weights.reshape(2, 3) * factor[:, None], rtol=1e-6)
    np.testing.assert_allclose(bias.data, shift - mean * factor, rtol=1e-6)


def test_operators_that_do_nothing_cost_nothing(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.node("Dropout", builder.node("Identity", builder.input((1, 4))))
    assert len(read(folder, builder, builder.node("Relu", x)).operators) == 1


def test_shapes_computed_at_run_time_are_folded(folder: Path) -> None:
    """As PyTorch exports ``x.view(x.size(0), -1)``."""
    builder = OnnxBuilder()
    x = builder.input(("N", 4, 5))
    batch = builder.node("Gather", builder.node("Shape", x), builder.constant(0, "int64"))
    batch = builder.node("Unsqueeze", batch, builder.constant([0], "int64"))
    shape = builder.node("Concat", batch, builder.constant([-1], "int64"), axis=0)
    y = builder.node("Gemm", builder.node("Reshape", x, shape), zeros(builder, 20, 2))
    assert isinstance(only(read(folder, builder, y)).attributes, FullyConnected)


def test_local_functions_are_inlined(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.node("Twice", builder.input((1, 4)), domain="local")
    values = [helper.make_tensor_value_info(y, onnx.TensorProto.FLOAT, (1, 4))]
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    function = helper.make_function("local", "Twice", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    graph = helper.make_graph(builder.nodes, "graph", builder.inputs, values, [])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=[function], ir_version=8), str(path))
    assert only(read_onnx(path)).source == "Add"


def test_weights_beside_the_file(folder: Path) -> None:
    builder = OnnxBuilder()
    weights = np.arange(600, dtype=np.float32).reshape(30, 20)
    y = builder.node("Gemm", builder.input((1, 30)), builder.constant(weights))
    path = folder / "model.onnx"
    onnx.save(builder.model(y), str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    network = read_onnx(path)
    np.testing.assert_array_equal(network.input_tensors(only(network))[1].data, weights.T)


def test_initializers_that_old_exporters_list_as_inputs_are_constants(folder: Path) -> None:
    builder = OnnxBuilder(8)
    model = builder.model(builder.node("Gemm", builder.input((1, 4)), zeros(builder, 4, 3), zeros(builder, 3)))
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    model.ir_version = 3
    path = folder / "model.onnx"
    onnx.save(model, str(path))
    network = read_onnx(path)
    assert len(network.inputs) == 1
    assert len(only(network).inputs) == 3


def test_concat_takes_constants(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.node("MaxPool", builder.input((1, 3, 4, 5)), kernel_shape=[1, 1])
    values = np.arange(2 * 4 * 5, dtype=np.float32).reshape(1, 2, 4, 5)
    network = read(folder, builder, builder.node("Concat", x, builder.constant(values), axis=1))
    concat = network.operators[1]
    assert network.tensors[concat.outputs[0]].shape == (1, 4, 5, 5)
    np.testing.assert_array_equal(network.input_tensors(concat)[1].data, values.transpose(0, 2, 3, 1))
