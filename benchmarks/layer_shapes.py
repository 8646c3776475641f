# SPDX-License-Identifier: Apache-2.0
"""Two hundred layers that nobody chose: shapes drawn from what networks for microcontrollers are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sampled_network import NONE, RELU, RELU6, SAME, VALID, Quantization, SampledNetwork

#: layers of each family in the list
FAMILIES = {"first": 15, "1x1": 35, "3x3": 35, "large": 20, "1-d": 15, "depthwise": 50, "dense": 30}
MOST_MACS, MOST_BYTES, LEAST_MACS = 4_000_000, 150_000, 1_000
#: regular numbers of channels, as most networks have them, and others
REGULAR = (8, 16, 24, 32, 40, 48, 64, 96, 128, 256)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15, 16, 20, 24, 28, 32, 33, 48, 49, 64, 80, 96)
#: kinds of quantization, and how many layers of a hundred have them
QUANTIZATIONS = {
    "trained": (Quantization(), 50),
    "uneven": (Quantization(gain=0.6), 20),
    "very uneven": (Quantization(gain=1.2), 12),
    "per tensor": (Quantization(per_channel=False), 6),
    "-128": (Quantization(least=-128), 3),
    "saturating": (Quantization(spread=0.4), 5),
    "clamped": (Quantization(below=0.2), 4),
}
ACTIVATIONS = {"none": NONE, "relu": RELU, "relu6": RELU6}


@dataclass(frozen=True)
class Layer:
    """One layer; `size` is (height, width) of its input. A dense layer has size (1, 1) and kernel (1, 1)."""

    number: int
    family: str
    size: tuple[int, int]
    inputs: int
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: int = SAME
    activation: str = "relu"
    quantization: str = "trained"
    dtype: str = "int8"

    @property
    def result(self) -> tuple[int, int]:
        """Height and width of the output."""
        sizes = []
        for size, kernel, stride, dilation in zip(self.size, self.kernel, self.strides, self.dilations, strict=True):
            extent = (kernel - 1) * dilation + 1
            sizes.append(-(-size // stride) if self.padding == SAME else (size - extent) // stride + 1)
        return sizes[0], sizes[1]

    @property
    def depthwise(self) -> bool:
        """Whether every output channel reads one input channel."""
        return self.family == "depthwise"

    @property
    def macs(self) -> int:
        """Products of the layer, padding counted as if it were read."""
        each = self.kernel[0] * self.kernel[1] * (1 if self.depthwise else self.inputs)
        return self.result[0] * self.result[1] * self.outputs * each

    @property
    def yardstick(self) -> float:
        """Cycles of a good kernel with DSP instructions, roughly: 1.2 for each product with the input (2 if depthwise,
        products with padding left out), 8 for each output, 2 for each input, 200 for the call.
        """
        outputs, inputs = self.result[0] * self.result[1] * self.outputs, self.size[0] * self.size[1] * self.inputs
        products = self._taps(0) * self._taps(1) * self.outputs * (1 if self.depthwise else self.inputs)
        return products * (2.0 if self.depthwise else 1.2) + 8 * outputs + 2 * inputs + 200

    def _taps(self, axis: int) -> int:
        """Along `axis`, over all outputs, how many positions of the kernel are on the input."""
        size, dilation, stride = self.size[axis], self.dilations[axis], self.strides[axis]
        extent = (self.kernel[axis] - 1) * dilation + 1
        before = max((self.result[axis] - 1) * stride + extent - size, 0) // 2 if self.padding == SAME else 0
        starts = [position * stride - before for position in range(self.result[axis])]
        return sum(0 <= start + tap * dilation < size for start in starts for tap in range(self.kernel[axis]))

    @property
    def largest_tensor(self) -> int:
        """Bytes of the input or the output."""
        elements = self.size[0] * self.size[1] * self.inputs, self.result[0] * self.result[1] * self.outputs
        return max(elements) * (4 if self.dtype == "float32" else 1)

    @property
    def weight_bytes(self) -> int:
        """Of int8."""
        return self.kernel[0] * self.kernel[1] * self.outputs * (1 if self.depthwise else self.inputs)

    def describe(self) -> str:
        """In a few words."""
        if self.family == "dense":
            words = [f"dense {self.inputs} to {self.outputs}"]
        else:
            kind = "depthwise" if self.depthwise else "conv"
            words = [f"{kind} {_pair(self.kernel)}, {_pair(self.size)}x{self.inputs} to {self.outputs}"]
            words += [f"stride {_pair(self.strides)}"] if self.strides != (1, 1) else []
            words += [f"dilation {_pair(self.dilations)}"] if self.dilations != (1, 1) else []
            words += ["valid"] if self.padding == VALID and self.kernel != (1, 1) else []
        return ", ".join([*words, self.activation, *([self.quantization] if self.quantization != "trained" else [])])

    def build(self) -> bytes:
        """The layer as a .tflite file."""
        network = SampledNetwork(self.number, self.dtype)
        activation = ACTIVATIONS[self.activation]
        quantization = QUANTIZATIONS[self.quantization][0]
        if self.family == "dense":
            x = network.input(self.inputs)
            return network.finish(network.dense(x, self.outputs, activation, quantization))
        x = network.input(*self.size, self.inputs)
        window = (self.kernel, self.strides, self.dilations, self.padding, activation)
        if self.depthwise:
            return network.finish(network.depthwise(x, *window, self.outputs // self.inputs, quantization))
        return network.finish(network.conv2d(x, self.outputs, *window, quantization))


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]}x{pair[1]}"


def layers() -> list[Layer]:
    """The list, the same on every machine."""
    rng = np.random.default_rng(2024)
    drawn = [layer for family, count in FAMILIES.items() for layer in _family(rng, family, count)]
    return [replace(layer, number=number) for number, layer in enumerate(drawn)]


def _family(rng: np.random.Generator, family: str, count: int) -> Iterator[Layer]:
    seen: set[Layer] = set()
    while len(seen) < count:
        layer = _DRAW[family](rng)
        fits = layer.macs <= MOST_MACS and layer.weight_bytes <= MOST_BYTES and layer.macs >= LEAST_MACS
        fits = fits and min(layer.result) > 0 and layer.largest_tensor <= MOST_BYTES
        if fits and layer not in seen:
            seen.add(layer)
            yield layer


def _channels(rng: np.random.Generator, most: int = 256) -> int:
    """Two of three regular."""
    if rng.random() < 2 / 3:
        return int(rng.choice([c for c in REGULAR if c <= most]))
    return int(np.round(most ** rng.uniform(0, 1)))


def _rest(rng: np.random.Generator) -> dict[str, Any]:
    """Activation and quantization."""
    shares = [share / 100 for _, share in QUANTIZATIONS.values()]
    return {
        "activation": str(rng.choice(["none", "relu", "relu", "relu6"])),
        "quantization": str(rng.choice(list(QUANTIZATIONS), p=shares)),
    }


def _size(rng: np.random.Generator) -> tuple[int, int]:
    """Mostly square."""
    height = int(rng.choice(SIZES))
    return (height, height) if rng.random() < 0.75 else (height, int(rng.choice(SIZES)))


def _padding(rng: np.random.Generator, size: tuple[int, int], extent: tuple[int, int]) -> int:
    return VALID if rng.random() < 0.3 and all(s >= e for s, e in zip(size, extent, strict=True)) else SAME


def _square(rng: np.random.Generator, kernels: tuple[int, ...], inputs: int, outputs: int, family: str) -> Layer:
    kernel = int(rng.choice(kernels))
    stride = int(rng.choice([1, 1, 2]))
    dilation = 2 if kernel > 1 and stride == 1 and rng.random() < 0.1 else 1
    size, extent = _size(rng), (kernel - 1) * dilation + 1
    padding = _padding(rng, size, (extent, extent))
    shape = ((kernel, kernel), (stride, stride), (dilation, dilation), padding)
    return Layer(0, family, size, inputs, outputs, *shape, **_rest(rng))


def _first(rng: np.random.Generator) -> Layer:
    return _square(rng, (3, 3, 5, 7), int(rng.choice([1, 1, 3, 3, 2, 4])), _channels(rng, 64), "first")


def _one(rng: np.random.Generator) -> Layer:
    return _square(rng, (1,), _channels(rng), _channels(rng), "1x1")


def _three(rng: np.random.Generator) -> Layer:
    return _square(rng, (3,), _channels(rng), _channels(rng), "3x3")


def _large(rng: np.random.Generator) -> Layer:
    return _square(rng, (2, 4, 5, 5, 7), _channels(rng, 64), _channels(rng, 64), "large")


def _turned(along: int, order: int) -> tuple[int, int]:
    return (1, along) if order == 1 else (along, 1)


def _line(rng: np.random.Generator) -> Layer:
    """Over time, as in keyword and vibration networks."""
    kernel, dilation = int(rng.choice([3, 5, 7])), int(rng.choice([1, 1, 2, 4]))
    stride, time = int(rng.choice([1, 1, 2])) if dilation == 1 else 1, int(rng.choice([16, 25, 49, 64, 96]))
    padding = _padding(rng, (1, time), (1, (kernel - 1) * dilation + 1))
    order = -1 if rng.random() < 0.5 else 1
    size, window, strides, dilations = (_turned(along, order) for along in (time, kernel, stride, dilation))
    inputs, outputs = _channels(rng, 64), _channels(rng, 64)
    return Layer(0, "1-d", size, inputs, outputs, window, strides, dilations, padding, **_rest(rng))


def _depthwise(rng: np.random.Generator) -> Layer:
    channels, multiplier = _channels(rng), int(rng.choice([1, 1, 1, 1, 1, 1, 2, 4]))
    drawn = _square(rng, (3, 3, 3, 3, 5, 7, 2, 1), channels, channels * multiplier, "depthwise")
    if rng.random() < 0.1:  # over time
        return replace(drawn, size=(drawn.size[0], 1), kernel=(drawn.kernel[0], 1), padding=SAME)
    return drawn


def _dense(rng: np.random.Generator) -> Layer:
    inputs = int(np.round(2 ** rng.uniform(2, 11.5))) if rng.random() < 0.4 else int(2 ** rng.integers(3, 11))
    outputs = int(rng.choice([1, 2, 3, 10, 12])) if rng.random() < 0.3 else _channels(rng)
    return Layer(0, "dense", (1, 1), inputs, outputs, **_rest(rng))


_DRAW: dict[str, Callable[[np.random.Generator], Layer]] = {
    "first": _first,
    "1x1": _one,
    "3x3": _three,
    "large": _large,
    "1-d": _line,
    "depthwise": _depthwise,
    "dense": _dense,
}
