# SPDX-License-Identifier: Apache-2.0
"""Which types an operator may combine: int8 throughout with int32 biases, or float32 throughout."""

from __future__ import annotations

from tvm_stm32.model.network import Arithmetic, Quantization, Tensor
from tvm_stm32.model.tflite.layer import Layer

HINT = "quantize weights and activations to int8 (full integer quantization), or keep both float32"
#: FULLY_CONNECTED of TFLM refuses biases whose scale is further off than this share of the output's scale
BIAS_SCALE_TOLERANCE = 0.02


def arithmetic_of(layer: Layer, *tensors: Tensor) -> Arithmetic:
    """The arithmetic of an operator whose activations are `tensors`: all of them int8, or all of them float32."""
    types = {t.dtype for t in tensors}
    if types == {"float32"}:
        return Arithmetic.FLOAT
    for tensor in tensors:
        what = f"{tensor.dtype} activations are not supported here"
        layer.require(tensor.dtype in ("int8", "float32"), what, HINT)
    layer.require(types == {"int8"}, "int8 and float32 activations are mixed", HINT)
    for tensor in tensors:
        per_tensor(layer, tensor)
    return Arithmetic.TFLITE


def per_tensor(layer: Layer, tensor: Tensor) -> Quantization:
    """The quantization of an activation, which has one scale and one zero point."""
    quantization = tensor.quantization
    if quantization is None:
        raise layer.error(f"tensor {tensor.name!r} is {tensor.dtype} but has no quantization", HINT)
    what = f"tensor {tensor.name!r} has a scale per channel; activations have one"
    layer.require(quantization.axis is None, what)
    return quantization


def require_same_quantization(layer: Layer, tensor: Tensor, tolerance: float = 0.0) -> None:
    """Checks that an int8 input has the output's quantization, for operators that copy or compare values."""
    if tensor.dtype != "int8":
        return
    found, expected = per_tensor(layer, tensor), per_tensor(layer, layer.output)
    same = abs(found.scale - expected.scale) <= tolerance and found.zero_point == expected.zero_point
    what = f"tensor {tensor.name!r} and the output differ in scale or zero point; {layer.kind} does not rescale"
    layer.require(same, what, "quantize the model again, or put a QUANTIZE before")


def require_weights(layer: Layer, axis: int) -> Arithmetic:
    """Checks types and quantization of input, weights, optional bias and output; output channels lie along `axis`."""
    x, weights, bias = layer.input(0), layer.constant(1, "weights"), layer.optional_input(2)
    arithmetic = arithmetic_of(layer, x, layer.output)
    if weights.dtype != x.dtype:
        kind = "hybrid quantization (" if x.dtype == "float32" else "("
        raise layer.error(f"{kind}{x.dtype} activations with {weights.dtype} weights) is not supported", HINT)
    channels = weights.shape[axis]
    if arithmetic is Arithmetic.TFLITE:
        _require_symmetric(layer, weights, axis)
    if bias is not None:
        layer.constant(2, "bias")
        expected = "float32" if arithmetic is Arithmetic.FLOAT else "int32"
        layer.require(bias.dtype == expected, f"the bias is {bias.dtype}, expected {expected}", HINT)
        layer.require(bias.elements == channels, f"the bias has {bias.elements} values for {channels} channels")
        if arithmetic is Arithmetic.TFLITE:
            _require_bias_scale(layer, x, weights, bias)
    return arithmetic


def _require_symmetric(layer: Layer, weights: Tensor, axis: int) -> None:
    """Checks that weights have zero points of 0, and one scale or one per output channel."""
    quantization = weights.quantization
    if quantization is None:
        raise layer.error("the weights are int8 but have no quantization", HINT)
    layer.require(not any(quantization.zero_points), "the weights have a zero point that is not 0", HINT)
    what = f"the weights have a scale per index of axis {quantization.axis}, expected axis {axis}"
    layer.require(quantization.axis in (None, axis), what)


def _require_bias_scale(layer: Layer, x: Tensor, weights: Tensor, bias: Tensor) -> None:
    """Checks that the bias is in units of the products: ``scale(x) * scale(weights)``, zero point 0."""
    quantization = bias.quantization
    if quantization is None:
        return  # the products' scale is meant
    layer.require(not any(quantization.zero_points), "the bias has a zero point that is not 0", HINT)
    assert weights.quantization is not None
    count = len(quantization.scales)
    products = [per_tensor(layer, x).scale * scale for scale in weights.quantization.scales]
    if len(products) == 1:
        products *= count
    layer.require(count in (1, len(products)), f"the bias has {count} scales, the weights have {len(products)}")
    scales = quantization.scales * (len(products) if count == 1 else 1)
    limit = BIAS_SCALE_TOLERANCE * per_tensor(layer, layer.output).scale
    what = "the bias's scale is not the product of the input's and the weights' scales"
    layer.require(all(abs(s - p) <= limit for s, p in zip(scales, products, strict=True)), what, HINT)
