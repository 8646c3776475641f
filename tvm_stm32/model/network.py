# SPDX-License-Identifier: Apache-2.0
"""The network as every stage of the compiler sees it: tensors and operators, plain data.

Activations are laid out NHWC with a batch of 1; the shape keeps that leading 1. A front end (``tflite``, ``onnx``)
makes a `Network`; ``quantize`` and ``simplify`` rewrite it; ``kernels`` implements its operators.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

#: dtype names used throughout, with their size in bytes.
DTYPE_SIZES = {"int8": 1, "uint8": 1, "int16": 2, "int32": 4, "float32": 4}


class Arithmetic(Enum):
    """The rule by which an operator's result is rounded; it decides the last bit."""

    FLOAT = "float"  #: IEEE single precision, no quantization
    TFLITE = "tflite"  #: TFLM's integer reference kernels: fixed-point multiplier, double rounding
    ONNX = "onnx"  #: dequantize, compute in float, quantize with half to even, as onnxruntime does unoptimized


@dataclass(frozen=True, slots=True)
class Quantization:
    """``real = scale * (value - zero_point)``.

    One scale and zero point for the whole tensor, or one per index of `axis`. Scales are float32 values held in
    Python floats, unchanged from the file.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantization."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantization."""
        return self.zero_points[0]


@dataclass(slots=True)
class Tensor:
    """A value of the network. `data` is set for constants and has the tensor's shape and dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None
    data: npt.NDArray[np.generic] | None = None

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.elements * DTYPE_SIZES[self.dtype]


@dataclass(frozen=True, slots=True)
class Activation:
    """A clamp of the real result to ``[low, high]``; ``None`` is no bound. RELU6 is ``Activation(0.0, 6.0)``."""

    low: float | None = None
    high: float | None = None

    def then(self, second: Activation) -> Activation:
        """A clamp by this one and then by `second`, as one."""
        lows = [bound for bound in (self.low, second.low) if bound is not None]
        highs = [bound for bound in (self.high, second.high) if bound is not None]
        low, high = max(lows, default=None), min(highs, default=None)
        if second.high is not None and low is not None:
            low = min(low, second.high)
        if second.low is not None and high is not None:
            high = max(high, second.low)
        return Activation(low, high)


@dataclass(frozen=True, slots=True)
class Padding:
    """Explicit padding in elements, by side. Padded elements are real zeros (the input's zero point)."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0


# --- operators -------------------------------------------------------------------------------------------------------
# Each class holds an operator's attributes; its inputs and outputs are named in `Operator`.


@dataclass(frozen=True, slots=True)
class Conv2D:
    """Inputs: x NHWC, weights OHWI, optional bias O. ``groups`` > 1: I is the channels of one group."""

    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    groups: int = 1
    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class DepthwiseConv2D:
    """Inputs: x NHWC, weights 1HW(C*M), optional bias C*M. Output channel ``c*M + m`` reads input channel c."""

    multiplier: int = 1
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """Inputs: x (any shape whose elements are rows of I), weights OI, optional bias O. Output rows of O."""

    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class Add:
    """Inputs: a, b; NumPy broadcasting."""

    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class Sub:
    """Inputs: a, b; a - b with NumPy broadcasting."""

    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class Mul:
    """Inputs: a, b; NumPy broadcasting."""

    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class Extremum:
    """Inputs: a, b; the larger of two elements, or the smaller; NumPy broadcasting, one quantization."""

    largest: bool


class Summation(Enum):
    """The order in which an average adds float32 values; under `Arithmetic.ONNX` it may decide the last bit."""

    ROWS = "rows"  #: row by row, as the values lie in memory
    COLUMNS = "columns"  #: the columns of a window first, then their sums from left to right
    FOUR_LANES = "four lanes"  #: every fourth value into one of four sums, then what is left over
    EIGHT_LANES = "eight lanes"  #: the same with eight sums, from an address divisible by 16 on


@dataclass(frozen=True, slots=True)
class Pool2D:
    """Input: x NHWC. ``mode`` is "max" or "average"; average leaves padding out of the count unless `count_padding`.

    Global pooling is a pool whose kernel is the whole plane.
    """

    mode: str
    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    count_padding: bool = False
    activation: Activation = Activation()
    summation: Summation = Summation.ROWS


@dataclass(frozen=True, slots=True)
class Mean:
    """Input: x. Mean over `axes` (non-negative, sorted)."""

    axes: tuple[int, ...]
    keep_dims: bool = False
    summation: Summation = Summation.ROWS


@dataclass(frozen=True, slots=True)
class Softmax:
    """Input: x. Softmax over the last axis of ``beta * x``."""

    beta: float = 1.0


@dataclass(frozen=True, slots=True)
class Clamp:
    """Input: x. Relu, Relu6, Clip; input and output quantizations may differ."""

    activation: Activation


class Function(Enum):
    """A function of one real number."""

    LOGISTIC = "logistic"  #: 1 / (1 + e^-x)
    TANH = "tanh"
    HARD_SWISH = "hard_swish"  #: x * min(max(x + 3, 0), 6) / 6
    HARD_SIGMOID = "hard_sigmoid"  #: min(max(x * slope + offset, 0), 1)
    LEAKY_RELU = "leaky_relu"  #: x, or x * slope where x is negative


@dataclass(frozen=True, slots=True)
class Nonlinear:
    """Input: x. `function` of each element; `slope` is that of LEAKY_RELU and HARD_SIGMOID, `offset` the latter's."""

    function: Function
    slope: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Reshape:
    """Input: x. The same elements in the same order; costs nothing. Flatten, squeeze and expand_dims are reshapes."""


@dataclass(frozen=True, slots=True)
class Transpose:
    """Input: x. ``out.shape[i] = x.shape[permutation[i]]``."""

    permutation: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pad:
    """Input: x. ``widths[i] = (before, after)`` of axis i; `value` is real (None: real zero, the zero point)."""

    widths: tuple[tuple[int, int], ...]
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Concat:
    """Inputs: two or more of one rank, joined along `axis` (non-negative)."""

    axis: int
    activation: Activation = Activation()


@dataclass(frozen=True, slots=True)
class Quantize:
    """Input: float32 or quantized x. Output: quantized by its own scale and zero point (a requantization)."""


@dataclass(frozen=True, slots=True)
class Dequantize:
    """Input: quantized x. Output: float32."""


Attributes = (
    Conv2D
    | DepthwiseConv2D
    | FullyConnected
    | Add
    | Sub
    | Mul
    | Extremum
    | Pool2D
    | Mean
    | Softmax
    | Clamp
    | Nonlinear
    | Reshape
    | Transpose
    | Pad
    | Concat
    | Quantize
    | Dequantize
)


#: stands between the names of operators that one kernel computes
TOGETHER = " + "


@dataclass(slots=True)
class Operator:
    """One node. `name` is the layer's name in the model file; `source` is the file's own operator type."""

    name: str
    source: str
    attributes: Attributes
    inputs: list[str]
    outputs: list[str]
    arithmetic: Arithmetic


@dataclass(slots=True)
class Network:
    """Operators in the order they run. `inputs` and `outputs` name tensors in the file's order."""

    tensors: dict[str, Tensor]
    operators: list[Operator]
    inputs: list[str]
    outputs: list[str]
    #: messages for the user, such as "dynamic batch bound to 1"
    notes: list[str] = field(default_factory=list)

    def input_tensors(self, operator: Operator) -> list[Tensor]:
        """The tensors that `operator` reads, in order."""
        return [self.tensors[name] for name in operator.inputs]

    def output_tensors(self, operator: Operator) -> list[Tensor]:
        """The tensors that `operator` writes, in order."""
        return [self.tensors[name] for name in operator.outputs]

    def producer(self, tensor: str) -> Operator | None:
        """The operator that writes `tensor`; None for inputs and constants."""
        return next((op for op in self.operators if tensor in op.outputs), None)

    def consumers(self, tensor: str) -> list[Operator]:
        """The operators that read `tensor`, in order."""
        return [op for op in self.operators if tensor in op.inputs]
