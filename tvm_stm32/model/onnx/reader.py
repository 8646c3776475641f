# SPDX-License-Identifier: Apache-2.0
"""`read_onnx` and `read_proto`: assemble the `Network` from an .onnx file, or from what was in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import Network, Quantize, Reshape, Tensor
from tvm_stm32.model.onnx.builder import Builder, Value
from tvm_stm32.model.onnx.constants import FOLDABLE, infer_and_fold, with_known_shapes
from tvm_stm32.model.onnx.convolution import convert_conv
from tvm_stm32.model.onnx.dense import convert_gemm, convert_matmul
from tvm_stm32.model.onnx.elementwise import (
    convert_binary,
    convert_clip,
    convert_nonlinear,
    convert_prelu,
    convert_relu,
    convert_softmax,
)
from tvm_stm32.model.onnx.file import checked, read_file
from tvm_stm32.model.onnx.graph import Graph, Node, read_graph
from tvm_stm32.model.onnx.layout import Layout, channels_last, inverse
from tvm_stm32.model.onnx.movement import (
    convert_concat,
    convert_identity,
    convert_pad,
    convert_reshape,
    convert_transpose,
)
from tvm_stm32.model.onnx.pooling import convert_global_pool, convert_pool, convert_reduce_max, convert_reduce_mean
from tvm_stm32.model.onnx.quantization import convert_dequantize, convert_quantize, input_quantization
from tvm_stm32.model.onnx.rewrite import rewrite

CONVERTERS: dict[str, Callable[[Builder, Node], None]] = {
    "Add": convert_binary,
    "AveragePool": convert_pool,
    "Clip": convert_clip,
    "Concat": convert_concat,
    "Conv": convert_conv,
    "DequantizeLinear": convert_dequantize,
    "Div": convert_binary,
    "Dropout": convert_identity,
    "Flatten": convert_reshape,
    "Gemm": convert_gemm,
    "GlobalAveragePool": convert_global_pool,
    "GlobalMaxPool": convert_global_pool,
    "HardSigmoid": convert_nonlinear,
    "HardSwish": convert_nonlinear,
    "Identity": convert_identity,
    "LeakyRelu": convert_nonlinear,
    "MatMul": convert_matmul,
    "MaxPool": convert_pool,
    "Mul": convert_binary,
    "PRelu": convert_prelu,
    "Pad": convert_pad,
    "QuantizeLinear": convert_quantize,
    "ReduceMax": convert_reduce_max,
    "ReduceMean": convert_reduce_mean,
    "Relu": convert_relu,
    "Reshape": convert_reshape,
    "Sigmoid": convert_nonlinear,
    "Softmax": convert_softmax,
    "Squeeze": convert_reshape,
    "Sub": convert_binary,
    "Tanh": convert_nonlinear,
    "Transpose": convert_transpose,
    "Unsqueeze": convert_reshape,
}
#: also supported, by rewriting the graph or by folding constants
REWRITTEN = {"BatchNormalization", "Constant"}
SUPPORTED = sorted({*CONVERTERS, *REWRITTEN})

_QDQ = "quantize with onnxruntime.quantization.quantize_static(..., quant_format=QuantFormat.QDQ)"
_HINTS = {
    "ConvInteger": f"this is dynamic quantization: {_QDQ}",
    "MatMulInteger": f"this is dynamic quantization: {_QDQ}",
    "DynamicQuantizeLinear": f"this is dynamic quantization: {_QDQ}",
    "LSTM": "recurrent layers are not supported: use convolutions over time",
    "GRU": "recurrent layers are not supported: use convolutions over time",
    "RNN": "recurrent layers are not supported: use convolutions over time",
    "If": "export the model without control flow",
    "Loop": "export the model without control flow",
    "Scan": "export the model without control flow",
}
#: through these an input keeps the layout that the operators behind them want
_NEUTRAL = {"Add", "Clip", "Concat", "DequantizeLinear", "Div", "Dropout", "HardSigmoid", "HardSwish", "Identity",
            "LeakyRelu", "Mul", "PRelu", "Pad", "QuantizeLinear", "Relu", "Sigmoid", "Sub", "Tanh"}  # fmt: skip
_SPATIAL = {"AveragePool", "Conv", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "ReduceMax"}
_ACTIVATION_TYPES = {"float32", "int8", "uint8"}


def read_onnx(path: str | Path) -> Network:
    """Reads a float32 or QDQ-quantized ONNX model.

    The network is channels last, names are the file's. Quantized models keep their QuantizeLinear and
    DequantizeLinear here, as `Quantize` and `Dequantize`; `tvm_stm32.quantize.fold` makes integer operators of them.

    Raises:
        ModelError: the file cannot be read, is damaged, or holds what is not supported.
    """
    return read_proto(read_file(Path(path)), Path(path))


def read_proto(model: Any, path: Path) -> Network:
    """As `read_onnx`, of a ModelProto; `path` is the file it comes from, for messages.

    Raises:
        ModelError: the model is not valid, or holds what is not supported.
    """
    notes: list[str] = []
    model = checked(model, path, notes)
    graph = read_graph(model, path)
    known = {*SUPPORTED, *FOLDABLE}
    if any(node.kind not in known for node in graph.nodes):
        _refuse_unknown(read_graph(with_known_shapes(model), path), known)
    graph = read_graph(infer_and_fold(model, path), path)
    rewrite(graph)
    _refuse_unknown(graph, set(CONVERTERS))
    build = Builder(graph, Network({}, [], [], [], notes))
    for name in graph.inputs:
        _add_input(build, name)
    for node in graph.nodes:
        _require_types(graph, node)
        CONVERTERS[node.kind](build, node)
    for name in graph.outputs:
        _add_output(build, name)
    _prune(build.network)
    return build.network


def _refuse_unknown(graph: Graph, known: set[str]) -> None:
    """Refuses operators that are not `known`."""
    for node in graph.nodes:
        if node.kind in known:
            continue
        hint = _HINTS.get(node.kind, "")
        if not hint and node.kind.split(".")[-1].startswith("QLinear"):
            hint = f"this is the QOperator form: {_QDQ}"
        if not hint:
            hint = f"replace the operator in the model, or compute it in the application; supported are {_listed()}"
        what = "the operator is not supported"
        if node.kind in FOLDABLE:
            what += " on computed values"
        raise graph.error(node, what, hint)


def _listed() -> str:
    return ", ".join(SUPPORTED)


def _require_types(graph: Graph, node: Node) -> None:
    """Refuses activations of other types than float32, int8 and uint8."""
    values = [name for name in node.inputs[:1] if name not in graph.constants] + node.outputs[:1]
    for name in values:
        dtype = graph.dtypes.get(name, "unknown")
        if dtype not in _ACTIVATION_TYPES:
            hint = "convert the model to float32, or quantize it to int8"
            raise graph.error(node, f"{dtype} values are not supported", hint)


# --- inputs and outputs ----------------------------------------------------------------------------------------------


def _add_input(build: Builder, name: str) -> None:
    """Adds an input: channels last when a convolution or a pool reads it, as in the file otherwise."""
    graph, network = build.graph, build.network
    where = f"{graph.path}, input {name!r}"
    dtype, shape = graph.dtypes.get(name, "unknown"), graph.shapes[name]
    if dtype not in _ACTIVATION_TYPES:
        raise ModelError(f"type {dtype} is not supported", where, "use float32, int8 or uint8")
    rank = len(shape)
    order = channels_last(rank) if _is_spatial(graph, name, forwards=True) else tuple(range(rank))
    ordered = tuple(shape[axis] for axis in order)
    layout = Layout.contiguous(ordered).transpose(inverse(order))
    if not layout.is_ordered(range(rank)):
        network.notes.append(f"input {name!r} is channels last in C: {list(ordered)}; in the file it is {list(shape)}")
    tensor = Tensor(name, ordered, dtype)
    network.tensors[name] = tensor
    network.inputs.append(name)
    if dtype != "float32":
        quantization = input_quantization(graph, name)
        if quantization is None:
            hint = "quantize the model in QDQ form"
            raise ModelError(f"the input is {dtype} but nothing dequantizes it", where, hint)
        tensor.quantization = quantization
    if dtype == "uint8":
        assert quantization is not None
        shifted = Tensor(build.fresh(f"{name}_int8"), ordered, "int8", quantization)
        tensor.quantization = type(quantization)(quantization.scales, (quantization.zero_point + 128,))
        build.emit(f"{name}/int8", "QuantizeLinear", Quantize(), [name], shifted)
        tensor = shifted
    build.values[name] = Value(tensor.name, layout)


def _is_spatial(graph: Graph, name: str, forwards: bool) -> bool:
    """Whether a convolution or a pool reads the value, or made it, perhaps through element-wise operators."""
    waiting, seen = [name], {name}
    while waiting:
        current = waiting.pop()
        for node in graph.consumers(current) if forwards else [n for n in graph.nodes if current in n.outputs]:
            if node.kind in _SPATIAL:
                return True
            names = node.outputs[:1] if forwards else [n for n in node.inputs if n not in graph.constants]
            if node.kind in _NEUTRAL:
                waiting += [n for n in names if n not in seen]
                seen.update(names)
    return False


def _add_output(build: Builder, name: str) -> None:
    """Makes an output a tensor of its own under the file's name, in ONNX's shape or channels last."""
    graph, network = build.graph, build.network
    if name not in build.values:
        what = "is constant" if build.is_constant(name) else "is computed by no operator"
        raise ModelError(f"the output {what}", f"{graph.path}, output {name!r}", "remove this output from the model")
    value = build.values[name]
    rank = len(value.shape)
    order = tuple(range(rank))
    if not value.layout.is_ordered(order) and _is_spatial(graph, name, forwards=False):
        order = channels_last(rank)
        ordered = [value.shape[axis] for axis in order]
        network.notes.append(f"output {name!r} is channels last in C: {ordered}; in the file it is {list(value.shape)}")
    tensor = network.tensors[build.ordered(value, order)]
    unsigned = graph.dtypes.get(name) == "uint8" and tensor.dtype == "int8"
    taken = tensor.name in network.inputs or tensor.name in network.outputs
    if tensor.name == name and not unsigned and not taken:
        network.outputs.append(name)
        return
    if name in network.tensors and name not in network.inputs:
        build.rename(name, build.fresh(f"{name}_inner"))
    output = Tensor(build.fresh(name), tensor.shape, tensor.dtype, tensor.quantization)
    if unsigned:
        assert tensor.quantization is not None
        output.dtype = "uint8"
        output.quantization = type(tensor.quantization)(
            tensor.quantization.scales, (tensor.quantization.zero_point + 128,)
        )
        build.emit(f"{name}/uint8", "QuantizeLinear", Quantize(), [tensor.name], output)
    else:
        build.emit(f"{name}/copy", "Identity", Reshape(), [tensor.name], output)
    network.outputs.append(output.name)


def _prune(network: Network) -> None:
    """Removes operators and tensors on which no output depends."""
    wanted = set(network.outputs)
    kept = []
    for operator in reversed(network.operators):
        if not wanted.isdisjoint(operator.outputs):
            kept.append(operator)
            wanted.update(operator.inputs)
    network.operators = kept[::-1]
    wanted.update(network.inputs)
    network.tensors = {name: tensor for name, tensor in network.tensors.items() if name in wanted}
