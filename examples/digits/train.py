# SPDX-License-Identifier: Apache-2.0
"""Train the digits network and write digits_float.onnx, digits_int8.onnx and held_back.npz beside this file.

    python examples/digits/train.py [--output DIR]

Needs scikit-learn (the images) and onnxruntime (the quantization), both in the extra ``test``. The result does not
depend on the machine: see `rounded`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import dataset
import export
import numpy as np
import onnxruntime
from layers import Array, Conv, DepthwiseConv, FullyConnected, Layer, MaxPool, Relu, softmax

EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 60, 64, 6e-3, 0.1


def network(rng: np.random.Generator) -> list[Layer]:
    """The layers up to the logits, with initial weights; `export.NODES` has the same in ONNX."""
    return [
        Conv(rng, 1, 16, kernel=3),
        Relu(),
        MaxPool(),
        DepthwiseConv(rng, 16, kernel=3),
        Relu(),
        Conv(rng, 16, 32, kernel=1),
        Relu(),
        FullyConnected(rng, 32 * 4 * 4, 10),
    ]


def rounded(gradient: Array) -> Array:
    """`gradient` to multiples of 2**-24.

    BLAS libraries and processors add in different orders and so disagree in the last bits of a matrix product. Cut
    off here, those bits never reach the weights, and every machine trains the same network.
    """
    result: Array = np.rint(gradient * 2.0**24) / 2.0**24
    return result


def shifted(images: Array, rng: np.random.Generator) -> Array:
    """`images` [N, 1, 8, 8], each moved by up to one pixel down or up and right or left."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    corners = rng.integers(0, 3, (len(images), 2))
    return np.stack([image[:, y : y + 8, x : x + 8] for image, (y, x) in zip(padded, corners, strict=True)])


def train(digits: dataset.Digits, seed: int = 0) -> list[Array]:
    """The parameters of the network trained on `digits`: cross entropy, AdamW (Loshchilov and Hutter, 2019)."""
    rng = np.random.default_rng(seed)
    layers = network(rng)
    parameters = [parameter for layer in layers for parameter in layer.parameters]
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    inputs, targets = digits.inputs().astype(np.float64), np.eye(10)[digits.labels]
    steps = EPOCHS * (len(inputs) // BATCH)
    order = np.concatenate([rng.permutation(len(inputs))[: steps // EPOCHS * BATCH] for _ in range(EPOCHS)])
    for step, batch in enumerate(order.reshape(steps, BATCH), start=1):
        x = shifted(inputs[batch], rng)
        for layer in layers:
            x = layer.forward(x)
        gradient = (softmax(x) - targets[batch]) / BATCH
        for layer in reversed(layers):
            gradient = layer.backward(gradient)
        gradients = [rounded(gradient) for layer in layers for gradient in layer.gradients]
        rate = LEARNING_RATE * (1 - step / steps)
        for p, g, mean, square in zip(parameters, gradients, means, squares, strict=True):
            mean += 0.1 * (g - mean)
            square += 0.001 * (g * g - square)
            p -= rate * (mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8) + WEIGHT_DECAY * p)
    return parameters


def accuracy(model: Path, digits: dataset.Digits) -> float:
    """The share of `digits` that onnxruntime's run of `model` classifies rightly, one image at a time."""
    session = onnxruntime.InferenceSession(model)
    classes = [session.run(None, {"image": image[np.newaxis]})[0].argmax() for image in digits.inputs()]
    return float(np.mean(np.array(classes) == digits.labels))


def main() -> None:
    """Train, export, quantize, and print the accuracy on the held-back images."""
    parser = argparse.ArgumentParser(description="Train the digits network and export it to ONNX.")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="DIR", help="default: here")
    output: Path = parser.parse_args().output
    training, held_back = dataset.split()
    float_model, int8_model = output / "digits_float.onnx", output / "digits_int8.onnx"
    export.save_float(train(training), float_model)
    export.save_int8(float_model, training.inputs(), int8_model)
    dataset.save(held_back, output / dataset.HELD_BACK.name)
    for model in (float_model, int8_model):
        right = accuracy(model, held_back)
        print(
            f"{model.name}: {model.stat().st_size} bytes, {right:.2%} of {len(held_back.labels)} held-back images right"
        )


if __name__ == "__main__":
    main()
