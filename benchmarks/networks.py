#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write networks that nobody tuned for, with random weights, as .tflite files for mlperf_tiny.py.

benchmarks/networks.py FOLDER [NAME ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from sampled_network import NONE, RELU6, VALID, Quantization, SampledNetwork, Value

UNEVEN = Quantization(gain=0.8)  #: as in networks with depthwise convolutions


def mobilenet(network: SampledNetwork) -> Value:
    """MobileNetV1 0.25 on 96x96 colours, with RELU6."""
    x = network.conv2d(network.input(96, 96, 3), 8, strides=(2, 2), activation=RELU6, quantization=UNEVEN)
    for filters, stride in zip(
        (16, 32, 32, 64, 64, *[128] * 6, 256, 256), (1, 2, 1, 2, 1, 2, *[1] * 5, 2, 1), strict=True
    ):
        x = network.depthwise(x, strides=(stride, stride), activation=RELU6, quantization=UNEVEN)
        x = network.conv2d(x, filters, (1, 1), activation=RELU6, quantization=UNEVEN)
    x = network.pool("AVERAGE_POOL_2D", x, (3, 3), (3, 3))
    return network.softmax(network.dense(x, 10, NONE))


def inverted(network: SampledNetwork) -> Value:
    """MobileNetV2 as in small detectors: expansion, 3x3 or 5x5 depthwise, projection, addition; 80x80."""
    x = network.conv2d(network.input(80, 80, 3), 16, strides=(2, 2), activation=RELU6)
    for filters, kernel, stride in ((16, 3, 1), (24, 3, 2), (24, 5, 1), (40, 5, 2), (40, 5, 1), (64, 3, 2), (64, 3, 1)):
        wide = network.conv2d(x, 4 * x.shape[3], (1, 1), activation=RELU6, quantization=UNEVEN)
        wide = network.depthwise(wide, (kernel, kernel), (stride, stride), activation=RELU6, quantization=UNEVEN)
        y = network.conv2d(wide, filters, (1, 1), activation=NONE)
        x = network.add(x, y, NONE) if x.shape == y.shape else y
    return network.softmax(network.dense(network.mean(x), 5, NONE))


def resnet(network: SampledNetwork) -> Value:
    """Residual blocks with 1x1 shortcuts of stride 2; 40x40 grey."""
    x = network.conv2d(network.input(40, 40, 1), 12, (5, 5), (2, 2))
    for filters in (12, 24, 48):
        stride = 1 if filters == x.shape[3] else 2
        y = network.conv2d(x, filters, strides=(stride, stride))
        y = network.conv2d(y, filters, activation=NONE)
        shortcut = x if stride == 1 else network.conv2d(x, filters, (1, 1), (2, 2), activation=NONE)
        x = network.add(shortcut, y)
    return network.softmax(network.dense(network.mean(x), 7, NONE))


def keywords(network: SampledNetwork) -> Value:
    """A keyword spotter over 61 frames of 13: 10x4 and 5x5 convolutions, max pooling, fully connected layers."""
    x = network.conv2d(network.input(61, 13, 1), 28, (10, 4), (1, 1))
    x = network.pool("MAX_POOL_2D", x, (2, 2), (2, 2))
    x = network.conv2d(x, 30, (5, 5), (2, 1), padding=VALID)
    return network.softmax(network.dense(network.dense(x, 32), 12, NONE))


def temporal(network: SampledNetwork) -> Value:
    """A temporal convolutional network: dilated 1x5 convolutions with residual additions over 128 samples of 6 axes."""
    x = network.conv2d(network.input(1, 128, 6), 24, (1, 5))
    for dilation in (1, 2, 4, 8):
        y = network.conv2d(x, 24, (1, 5), dilations=(1, dilation))
        x = network.add(x, network.conv2d(y, 24, (1, 1), activation=NONE))
    return network.softmax(network.dense(network.pool("AVERAGE_POOL_2D", x, (1, 16), (1, 16)), 6, NONE))


def multiplied(network: SampledNetwork) -> Value:
    """Depthwise convolutions with multipliers, odd numbers of channels, and concatenated branches; 33x33."""
    x = network.depthwise(network.input(33, 33, 3), (5, 5), (2, 2), multiplier=4)
    x = network.depthwise(network.conv2d(x, 19, (1, 1)), multiplier=2)
    first = network.conv2d(x, 10, (1, 1))
    joined = network.concat(first, network.conv2d(x, 14, like=first), network.conv2d(x, 6, (5, 5), like=first))
    x = network.pool("MAX_POOL_2D", joined, (3, 3), (2, 2))
    return network.softmax(network.dense(network.mean(network.conv2d(x, 50)), 3, NONE))


def autoencoder(network: SampledNetwork) -> Value:
    """Fully connected layers, 300 values down to 6 and back."""
    x = network.input(300)
    for width in (100, 50, 25, 6, 25, 50, 100):
        x = network.dense(x, width)
    return network.dense(x, 300, NONE)


def heatmap(network: SampledNetwork) -> Value:
    """A detector with an output for each of 12x12 places: strided convolutions, a head of 2 channels; 96x96 grey."""
    x = network.input(96, 96, 1)
    for filters in (8, 16, 32):
        x = network.conv2d(network.conv2d(x, filters, strides=(2, 2)), filters)
    return network.conv2d(x, 2, (1, 1), activation=NONE)


#: name -> network, and the type of its values
NETWORKS: dict[str, tuple[Callable[[SampledNetwork], Value], str]] = {
    "mobilenet": (mobilenet, "int8"),
    "inverted": (inverted, "int8"),
    "resnet": (resnet, "int8"),
    "keywords": (keywords, "int8"),
    "temporal": (temporal, "int8"),
    "multiplied": (multiplied, "int8"),
    "autoencoder": (autoencoder, "int8"),
    "heatmap": (heatmap, "int8"),
    "keywords_float": (keywords, "float32"),
}


def network(name: str) -> bytes:
    """The .tflite file of one of `NETWORKS`, the same on every machine."""
    build, dtype = NETWORKS[name]
    under_construction = SampledNetwork(list(NETWORKS).index(name), dtype)
    return under_construction.finish(build(under_construction))


def main() -> None:
    """Write all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("names", nargs="*", choices=[*NETWORKS, []], metavar="NAME", help=", ".join(NETWORKS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or NETWORKS:
        (arguments.folder / f"{name}.tflite").write_bytes(network(name))


if __name__ == "__main__":
    main()
