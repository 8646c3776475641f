# SPDX-License-Identifier: Apache-2.0
"""Kernels run with their output, or scratch, over an input: right at every distance they declare, wrong beyond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer

from tvm_stm32.kernels.conv2d_winograd import implement_winograd
from tvm_stm32.kernels.implementation import Implementation, Scratch
from tvm_stm32.kernels.microkernels.winograd import SCALES
from tvm_stm32.kernels.narrow import winograd_rule
from tvm_stm32.kernels.overlap import Overlap
from tvm_stm32.kernels.row_fusion import fuse
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Attributes,
    Clamp,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Dequantize,
    FullyConnected,
    Mean,
    Network,
    Operator,
    Pad,
    Padding,
    Pool2D,
    Quantization,
    Quantize,
    Reshape,
    Softmax,
    Tensor,
)

TFLITE, ONNX, FLOAT = Arithmetic.TFLITE, Arithmetic.ONNX, Arithmetic.FLOAT
DSP = [Target(dsp=True, objective=objective) for objective in ("time", "ram")]


@dataclass(frozen=True)
class Case:
    """A layer: its kernel, and what it reads and writes."""

    name: str
    implementation: Implementation
    inputs: tuple[Tensor, ...]
    output: Tensor

    def values(self) -> list[npt.NDArray[Any]]:
        """Random inputs."""
        random = np.random.default_rng(7)
        return [
            random.integers(-128, 128, x.shape).astype(np.int8)
            if x.dtype == "int8"
            else random.normal(0, 3, x.shape).astype(np.float32)
            for x in self.inputs
        ]


def case(
    attributes: Attributes,
    inputs: list[Tensor],
    output: Tensor,
    arithmetic: Arithmetic = TFLITE,
    target: Target = Target(),  # noqa: B008
) -> Case:
    """The case of one operator; constants are among the inputs."""
    activations = tuple(x for x in inputs if x.data is None)
    implementation = layer(attributes, inputs, output, arithmetic, target)
    shapes = " ".join(str(list(x.shape)) for x in inputs)
    return Case(f"{implementation.specification.family}-{output.dtype}-{shapes}", implementation, activations, output)


def tensor(name: str, *shape: int, dtype: str = "int8", scale: float = 0.05, zero_point: int = 3) -> Tensor:
    """An activation."""
    return activation(name, shape, dtype, None if dtype == "float32" else scale, zero_point)


def constants(shape: tuple[int, ...], axis: int, dtype: str = "int8") -> list[Tensor]:
    """Weights and biases."""
    random = np.random.default_rng(3)
    outputs = shape[axis]
    if dtype == "float32":
        weights, bias = random.normal(size=shape).astype(np.float32), random.normal(size=outputs).astype(np.float32)
        return [Tensor("w", shape, dtype, None, weights), Tensor("b", (outputs,), dtype, None, bias)]
    weights = random.integers(-127, 128, shape).astype(np.int8)
    scales = Quantization(
        tuple(float(np.float32(s)) for s in random.uniform(1e-3, 4e-3, outputs)), (0,) * outputs, axis
    )
    bias = random.integers(-2000, 2000, outputs).astype(np.int32)
    return [Tensor("w", shape, "int8", scales, weights), Tensor("b", (outputs,), "int32", None, bias)]


def window(
    x: tuple[int, int, int], kernel: tuple[int, int], stride: int, same: bool, dilation: int = 1
) -> tuple[tuple[int, int], Padding]:
    """Output size and padding."""
    reach = [(k - 1) * dilation + 1 for k in kernel]
    size = [-(-n // stride) if same else (n - r) // stride + 1 for n, r in zip(x, reach, strict=False)]
    total = [max((o - 1) * stride + r - n, 0) for o, r, n in zip(size, reach, x, strict=False)]
    before = [t // 2 for t in total]
    return (size[0], size[1]), Padding(*before, total[0] - before[0], total[1] - before[1])


def conv2d(
    x: tuple[int, int, int],
    outputs: int,
    kernel: tuple[int, int],
    stride: int = 1,
    same: bool = True,
    dtype: str = "int8",
    target: Target = Target(),  # noqa: B008
    groups: int = 1,
    dilation: int = 1,
) -> Case:
    """A convolution."""
    size, padding = window(x, kernel, stride, same, dilation)
    attributes = Conv2D((stride, stride), (dilation, dilation), padding, groups)
    weights = constants((outputs, *kernel, x[2] // groups), 0, dtype)
    output = tensor("y", 1, *size, outputs, dtype=dtype, scale=0.1)
    return case(attributes, [tensor("x", 1, *x, dtype=dtype), *weights], output, _arithmetic(dtype), target)


def winograd(height: int, width: int) -> Iterator[Case]:
    """The same convolution with tiles of both sizes."""
    weights = constants((8, 3, 3, 8), 0)
    x, y = tensor("x", 1, height, width, 8), tensor("y", 1, height, width, 8, scale=0.1)
    operator = Operator("layer", "TEST", Conv2D(padding=Padding(1, 1, 1, 1)), ["x", "w", "b"], ["y"], TFLITE)
    network = Network({t.name: t for t in (x, *weights, y)}, [operator], ["x"], ["y"])
    data = weights[0].data
    assert data is not None
    for tile in SCALES:
        rule = winograd_rule(network, operator, data, tile)
        shape = (height, width, 8)
        implementation = implement_winograd("x", "y", shape, shape, data, (1, 1), rule, tile)
        assert implementation is not None
        yield Case(f"winograd{tile}-{height}x{width}", implementation, (x,), y)


def depthwise(
    x: tuple[int, int, int],
    kernel: tuple[int, int] = (3, 3),
    stride: int = 1,
    same: bool = True,
    multiplier: int = 1,
    dtype: str = "int8",
    target: Target = Target(),  # noqa: B008
    dilation: int = 1,
) -> Case:
    """A depthwise convolution."""
    size, padding = window(x, kernel, stride, same, dilation)
    outputs = x[2] * multiplier
    attributes = DepthwiseConv2D(multiplier, (stride, stride), (dilation, dilation), padding)
    weights = constants((1, *kernel, outputs), 3, dtype)
    output = tensor("y", 1, *size, outputs, dtype=dtype, scale=0.1)
    return case(attributes, [tensor("x", 1, *x, dtype=dtype), *weights], output, _arithmetic(dtype), target)


def pool(
    mode: str, x: tuple[int, int, int], kernel: tuple[int, int], stride: int, same: bool, arithmetic: Arithmetic
) -> Case:
    """A pool."""
    size, padding = window(x, kernel, stride, same)
    dtype = "float32" if arithmetic is FLOAT else "int8"
    output = tensor("y", 1, *size, x[2], dtype=dtype)
    return case(Pool2D(mode, kernel, (stride, stride), padding), [tensor("x", 1, *x, dtype=dtype)], output, arithmetic)


def _arithmetic(dtype: str) -> Arithmetic:
    return FLOAT if dtype == "float32" else TFLITE


def convolutions() -> Iterator[Case]:
    """Plain and fast ones of every kind of geometry."""
    shapes: list[tuple[Any, ...]] = [
        ((6, 5, 8), 8, (3, 3)),
        ((6, 5, 4), 12, (3, 3)),
        ((6, 5, 12), 4, (3, 3)),
        ((9, 8, 5), 7, (3, 3), 2),
        ((9, 8, 3), 16, (3, 2), 2),
        ((11, 3, 4), 4, (5, 1), 1, False),
        ((9, 7, 6), 5, (1, 1), 3),
        ((10, 7, 6), 5, (2, 2), 3, False),
        ((4, 5, 8), 8, (1, 1)),
        ((8, 25, 32), 8, (1, 1)),
        ((8, 25, 32), 32, (1, 1)),
        ((7, 19, 24), 52, (1, 1)),
        ((13, 5, 18), 3, (1, 1)),
    ]
    for target in (Target(), *DSP):
        for shape in shapes:
            yield conv2d(*shape, target=target)
    for target in (Target(), DSP[0]):
        for shape in (*shapes[:7], shapes[-1]):
            yield conv2d(*shape, dtype="float32", target=target)
    yield conv2d((7, 7, 8), 12, (2, 2), same=False, dtype="float32", target=DSP[0], groups=2)
    for size in ((9, 14), (13, 11), (4, 6), (4, 4)):
        yield from winograd(*size)
    yield conv2d((7, 7, 8), 12, (3, 3), groups=2)
    yield conv2d((9, 9, 4), 4, (3, 3), dilation=2)
    yield conv2d((9, 9, 4), 4, (3, 1), dilation=2, target=DSP[0])


def depthwise_convolutions() -> Iterator[Case]:
    """Plain ones, planes of one band, of several, along both axes, with channels that fill no group of four."""
    shapes: list[tuple[Any, ...]] = [
        ((5, 6, 8),),
        ((5, 6, 7),),
        ((9, 8, 4), (3, 3), 2),
        ((9, 8, 10), (3, 3), 2),
        ((41, 20, 8),),
        ((41, 40, 4),),
        ((40, 41, 6),),
        ((33, 40, 8), (3, 3), 2),
        ((40, 33, 5), (3, 3), 2),
        ((40, 33, 5), (3, 3), 2, False),
        ((40, 35, 8), (3, 3), 1, False),
        ((35, 40, 8), (3, 3), 1, False),
        ((64, 24, 4), (3, 3), 1),
        ((24, 64, 4), (3, 3), 1),
        ((97, 33, 4), (3, 3), 2),
        ((14, 13, 6), (5, 5)),
        ((60, 21, 4), (5, 5)),
        ((21, 60, 4), (7, 3)),
        ((40, 30, 3), (5, 5), 2),
        ((30, 24, 1), (3, 3), 1, True, 8),
        ((25, 24, 2), (5, 5), 3),
        ((16, 16, 4), (2, 2), 4, False),
    ]
    for target in (Target(), *DSP):
        for shape in shapes:
            yield depthwise(*shape, target=target)
        for shape in ((20, 24, 5), (50, 33, 4)):
            yield depthwise(shape, dilation=2, target=target)
    for target in (Target(), DSP[0]):
        yield depthwise((7, 6, 4), (5, 2), 1, dtype="float32", target=target)
    yield depthwise((9, 11, 8), (3, 3), 2, False, dtype="float32", target=DSP[0])
    yield depthwise((7, 6, 4), (3, 3), 1, multiplier=2)


def fused() -> Iterator[Case]:
    """Consecutive layers in one kernel: with a smaller output, with a larger one, with a third layer, with a sum."""
    two = ((12, 10, 8), 12, 0, 1, 2), ((16, 9, 4), 8, 0, 2, 4), ((17, 12, 4), 6, 0, 1, 4)
    for x, between, outputs, stride, band in (*two, ((11, 8, 4), 16, 4, 1, 2), ((9, 7, 6), 24, 6, 1, 4)):
        first = conv2d(x, between, (1, 1), target=DSP[1])
        second = depthwise((*x[:2], between), stride=stride, target=DSP[1])
        parts = [first, second]
        if outputs:
            parts.append(conv2d((*x[:2], outputs * 4), outputs, (1, 1), target=DSP[1]))
        if outputs == x[2]:
            sum_ = tensor("sum", *first.inputs[0].shape, scale=0.09)
            parts.append(case(Add(), [first.inputs[0], parts[-1].output], sum_, target=DSP[1]))
        joint = fuse(tuple(part.implementation for part in parts), band)
        assert joint is not None
        yield Case(f"{joint.specification.family}-{x}-{between}-{stride}", joint, first.inputs, parts[-1].output)


def fully_connected() -> Iterator[Case]:
    """One row and several."""
    for target in (Target(), *DSP):
        for rows, inputs, outputs in ((1, 64, 12), (1, 640, 128), (1, 70, 130), (3, 64, 9), (60, 64, 100)):
            weights = constants((outputs, inputs), 0)
            output = tensor("y", rows, outputs, scale=0.3)
            yield case(FullyConnected(), [tensor("x", rows, inputs), *weights], output, TFLITE, target)


def others() -> Iterator[Case]:
    """Everything else."""
    for arithmetic in (TFLITE, ONNX, FLOAT):
        dtype = "float32" if arithmetic is FLOAT else "int8"
        a, b, y = (tensor(name, 1, 4, 5, 6, dtype=dtype) for name in "aby")
        yield case(Add(), [a, b], y, arithmetic)
        yield case(Add(), [a, b], y, arithmetic, DSP[0])
        yield case(Add(), [a, tensor("b", 6, dtype=dtype)], y, arithmetic)
        for mode in ("max", "average"):
            for geometry in (
                ((8, 6, 9), (2, 2), 2, False),
                ((5, 7, 6), (3, 3), 1, True),
                ((4, 5, 7), (4, 5), 1, False),
            ):
                yield pool(mode, *geometry, arithmetic)
        x = tensor("x", 2, 6, 5, 3, dtype=dtype)
        for axes, shape in (((1, 2), (2, 3)), ((3,), (2, 6, 5)), ((1,), (2, 5, 3)), ((0, 1, 2, 3), (1,))):
            yield case(Mean(axes), [x], tensor("y", *shape, dtype=dtype, scale=0.02), arithmetic)
        yield case(Pad(((0, 0), (1, 2), (2, 1), (0, 3))), [a], tensor("y", 1, 7, 8, 9, dtype=dtype), arithmetic)
        joined = tensor("y", 1, 4, 10, 6, dtype=dtype)
        yield case(Concat(2), [a, b], joined, arithmetic)
        yield case(
            Concat(1), [a, tensor("b", 1, 2, 5, 6, dtype=dtype)], tensor("y", 1, 6, 5, 6, dtype=dtype), arithmetic
        )
        yield case(Reshape(), [a], tensor("y", 120, dtype=dtype), arithmetic)
        yield case(Clamp(Activation(-1.0, 2.0)), [a], y, arithmetic)
        small = {"scale": 1 / 256, "zero_point": -128} if arithmetic is TFLITE else {"scale": 1 / 256}
        for rows in (1, 5):
            x = tensor("x", rows, 7, dtype=dtype)
            yield case(Softmax(), [x], tensor("y", rows, 7, dtype=dtype, **small), arithmetic)  # type: ignore[arg-type]
    real, integer = tensor("x", 3, 17, dtype="float32"), tensor("y", 3, 17)
    yield case(Quantize(), [real], integer)
    yield case(Dequantize(), [integer], real)
    yield case(Quantize(), [tensor("x", 3, 17, scale=0.3)], integer, ONNX)


@cache
def cases() -> list[Case]:
    """All."""
    return [*convolutions(), *depthwise_convolutions(), *fused(), *fully_connected(), *others()]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    return HostKernels(tmp_path_factory.mktemp("kernels"), [item.implementation for item in cases()])


def unit(item: Case, overlap: Overlap) -> int:
    """Bytes by which buffers may be moved without breaking the alignment of their values."""
    sizes = [np.dtype(t.dtype).itemsize for t in (*item.inputs, item.output)]
    scratch = isinstance(item.implementation.arguments[overlap.written], Scratch)
    return max(*sizes, 2 if scratch else 1)


def allowed(item: Case, overlap: Overlap) -> set[int]:
    """The first and last allowed distances, and some between, while the buffers do overlap."""
    argument = item.implementation.arguments[overlap.written]
    written = argument.size if isinstance(argument, Scratch) else item.output.size
    distances, step = overlap.distances, unit(item, overlap)
    low = distances.upwards(-max(x.size for x in item.inputs), step)
    high = distances.downwards(written, step)
    if low is None or high is None or low > high:
        return set()
    near = [distances.upwards(low + 1, step), distances.downwards(high - 1, step)]
    near += [distances.upwards(at, step) for at in (0, (2 * low + high) // 3, (low + high) // 2)]
    return {low, high, *(distance for distance in near if distance is not None and low <= distance <= high)}


@pytest.mark.parametrize("index", range(len(cases())), ids=lambda index: cases()[index].name)
def test_the_output_is_the_same_at_every_allowed_distance(kernels: HostKernels, index: int) -> None:
    item = cases()[index]
    values = item.values()
    expected = kernels.run(index, values, item.output)
    for overlap in item.implementation.overlaps:
        for distance in allowed(item, overlap):
            found = kernels.run(index, values, item.output, overlap, distance)
            np.testing.assert_array_equal(found, expected, err_msg=f"{overlap} at {distance}")


def bounds() -> list[tuple[str, str]]:
    """The kernel families that declare a least distance, a greatest one, or a step."""
    found = {
        (item.implementation.specification.family, bound)
        for item in cases()
        for overlap in item.implementation.overlaps
        for bound in ("least", "most", "step")
        if getattr(overlap.distances, bound) not in (None, 1)
    }
    return sorted(found)


@pytest.mark.parametrize(("family", "bound"), bounds())
def test_no_bound_could_be_wider(kernels: HostKernels, family: str, bound: str) -> None:
    """One value beyond, some layer's output is another."""

    def wrong(index: int, item: Case, overlap: Overlap) -> bool:
        distances = overlap.distances
        value = getattr(distances, bound)
        if value in (None, 1):
            return False
        sign = {"least": -1, "most": 1, "step": 1}[bound]
        base = value if bound != "step" else (distances.upwards(0, 1) or 0)
        values = item.values()
        expected = kernels.run(index, values, item.output)
        beyond = kernels.run(index, values, item.output, overlap, base + sign * unit(item, overlap))
        return not np.array_equal(beyond, expected)

    members = [
        (index, item, overlap)
        for index, item in enumerate(cases())
        for overlap in item.implementation.overlaps
        if item.implementation.specification.family == family
    ]
    assert any(wrong(*member) for member in members)


def test_every_kernel_allows_an_overlap() -> None:
    without = {item.implementation.specification.family for item in cases() if not item.implementation.overlaps}
    assert without == set()
