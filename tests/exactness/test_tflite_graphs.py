# SPDX-License-Identifier: Apache-2.0
"""Random networks against TFLM, layer by layer: branches, reshapes in any place, several outputs, buffers outside."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from exactness.oracle import Oracle
from exactness.quantized import FLOAT, SEEDS, Draw, Type, add_weights, result_types, types
from exactness.single_operator import CORES, OBJECTIVES, SETTINGS, Case, compare, compile_on_host, read_bytes, values
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder

from tests.campaign import examples
from tvm_stm32.codegen.compiled_model import Settings

PLACES = ("arena", "application")
ALL_SETTINGS = st.builds(
    msgspec.structs.replace,
    st.just(SETTINGS),
    inputs=st.sampled_from(PLACES),
    outputs=st.sampled_from(PLACES),
    cpu=st.sampled_from(CORES),
    optimize=st.sampled_from(OBJECTIVES),
    keep_channels=st.booleans(),
)
STRIDES = {"strideH": 1, "strideW": 1}
DILATIONS = {"dilationHFactor": 1, "dilationWFactor": 1}


@dataclass(frozen=True)
class Value:
    """A tensor that later operators may read."""

    index: int
    shape: tuple[int, ...]
    type: Type


class Growth:
    """A network that grows operator by operator, each reading any earlier value."""

    def __init__(self, draw: Draw, dtype: str, seed: int) -> None:
        self.draw, self.dtype = draw, dtype
        self.builder, self.rng = TfliteBuilder(), np.random.default_rng(seed)
        self.values: list[Value] = []
        self.kinds: list[str] = []

    def input(self, shape: tuple[int, ...]) -> None:
        kind = self.draw(types(self.dtype, 1e-2))
        self.values.append(Value(kind.input(self.builder, shape), shape, kind))

    def grow(self) -> None:
        """Adds one operator of any kind that fits the value it reads."""
        x = self.draw(st.sampled_from(self.values))
        kinds = [
            self.conv,
            self.depthwise,
            self.pool,
            self.add,
            self.mul,
            self.pad,
            self.concat,
            self.relu,
            self.flatten,
        ]
        if len(x.shape) != 4:
            kinds = [self.fully_connected, self.add, self.relu, self.unflatten, self.softmax]
        self.draw(st.sampled_from(kinds))(x)

    def put(self, kind: str, operands: list[int], shape: tuple[int, ...], result: Type, **options: object) -> None:
        index = result.value(self.builder, shape)
        self.builder.operator(kind, operands, [index], **options)
        self.values.append(Value(index, shape, result))
        self.kinds.append(kind)

    def result(self, scale: float) -> Type:
        return self.draw(result_types(self.dtype, scale, 0.3, 3.0))

    def scale(self, x: Value) -> float:
        return 1.0 if x.type.scale is None else x.type.scale

    def conv(self, x: Value) -> None:
        filters, size = self.draw(st.integers(1, 8)), self.draw(st.sampled_from([1, 3]))
        weights = add_weights(self.draw, self.builder, (filters, size, size, x.shape[3]), 0, x.type, self.rng)
        operands = [x.index, weights.weights, weights.bias]
        self.put("CONV_2D", operands, (*x.shape[:3], filters), weights.result, padding=0, **STRIDES, **DILATIONS)

    def depthwise(self, x: Value) -> None:
        shape = (1, 3, 3, x.shape[3])
        weights = add_weights(self.draw, self.builder, shape, 3, x.type, self.rng, st.just(True))  # TFLM needs the bias
        operands = [x.index, weights.weights, weights.bias]
        options = {"depthMultiplier": 1, "padding": 0} | STRIDES | DILATIONS
        self.put("DEPTHWISE_CONV_2D", operands, x.shape, weights.result, **options)

    def pool(self, x: Value) -> None:
        kind = self.draw(st.sampled_from(["MAX_POOL_2D", "AVERAGE_POOL_2D"]))
        shape = (1, -(-x.shape[1] // 2), -(-x.shape[2] // 2), x.shape[3])
        self.put(kind, [x.index], shape, x.type, padding=0, filterHeight=2, filterWidth=2, strideH=2, strideW=2)

    def add(self, x: Value) -> None:
        others = [y for y in self.values if y.shape == x.shape]
        y = self.draw(st.sampled_from(others))
        self.put("ADD", [x.index, y.index], x.shape, self.result(max(self.scale(x), self.scale(y))))

    def mul(self, x: Value) -> None:
        kind = self.draw(types(self.dtype, 1e-2))
        factor = kind.constant(self.builder, (x.shape[3],), self.rng)
        self.put("MUL", [x.index, factor], x.shape, self.result(self.scale(x) * (kind.scale or 1.0) * 60))

    def pad(self, x: Value) -> None:
        widths = self.builder.constant(np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int32))
        self.put("PAD", [x.index, widths], (1, x.shape[1] + 1, x.shape[2] + 2, x.shape[3]), x.type)

    def concat(self, x: Value) -> None:
        others = [y for y in self.values if y.shape[:3] == x.shape[:3] and len(y.shape) == 4 and y.type == x.type]
        y = self.draw(st.sampled_from(others))
        self.put("CONCATENATION", [x.index, y.index], (*x.shape[:3], x.shape[3] + y.shape[3]), x.type, axis=3)

    def relu(self, x: Value) -> None:
        self.put("RELU", [x.index], x.shape, self.result(self.scale(x)))

    def flatten(self, x: Value) -> None:
        shape = (1, int(np.prod(x.shape)))
        self.put("RESHAPE", [x.index, self.builder.constant(np.array(shape, np.int32))], shape, x.type, newShape=shape)

    def unflatten(self, x: Value) -> None:
        shape = (1, 1, x.shape[1], 1)
        self.put("RESHAPE", [x.index, self.builder.constant(np.array(shape, np.int32))], shape, x.type, newShape=shape)

    def fully_connected(self, x: Value) -> None:
        filters = self.draw(st.integers(1, 12))
        weights = add_weights(self.draw, self.builder, (filters, x.shape[1]), 0, x.type, self.rng)
        self.put("FULLY_CONNECTED", [x.index, weights.weights, weights.bias], (1, filters), weights.result)

    def softmax(self, x: Value) -> None:
        result = FLOAT if x.type.scale is None else Type(1 / 256, -128)
        self.put("SOFTMAX", [x.index], x.shape, result, beta=1.0)


@st.composite
def networks(draw: Draw) -> Case:
    """Networks of up to nine operators with one or two inputs and up to three outputs."""
    seed = draw(SEEDS)
    growth = Growth(draw, draw(st.sampled_from(["int8", "int8", "float32"])), seed)
    shape = (1, draw(st.integers(2, 6)), draw(st.integers(2, 6)), draw(st.integers(1, 4)))
    for _ in range(draw(st.integers(1, 2))):
        growth.input(shape)
    inputs = len(growth.values)
    for _ in range(draw(st.integers(1, 9))):
        growth.grow()
    made = [value.index for value in growth.values[inputs:]]
    outputs = draw(st.lists(st.sampled_from(made), max_size=2, unique=True))
    outputs = [*(index for index in outputs if index != made[-1]), made[-1]]
    return Case(growth.builder.finish(outputs), seed, ", ".join(growth.kinds))


@settings(max_examples=examples(34))
@given(networks(), ALL_SETTINGS)
def test_every_layer_of_random_networks(case: Case, chosen: Settings) -> None:
    network = read_bytes(case.model)
    tensors = [network.tensors[name] for name in network.inputs]
    result_names = list(network.outputs)
    reference = Oracle(case.model)
    model = compile_on_host(network, chosen)
    written = {operator.name: operator.outputs[0] for operator in network.operators}  # a fused clamp's by its producer
    for arrays in values(tensors, case.seed):
        reference.run(arrays)
        for found, name in zip(model.run(arrays), result_names, strict=True):
            compare(found, reference.tensor(int(name.removeprefix("t"))))
        for layer, found in model.trace(arrays).items() if chosen.keep_channels else ():
            compare(found.reshape(-1), reference.tensor(int(written[layer].removeprefix("t"))).reshape(-1))
