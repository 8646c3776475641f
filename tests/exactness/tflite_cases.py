# SPDX-License-Identifier: Apache-2.0
"""Every operator of TensorFlow Lite that is supported, by name, with the strategy that makes cases of it."""

from __future__ import annotations

from exactness.convolution_cases import convolutions, depthwise_convolutions, fully_connected_layers
from exactness.elementwise_cases import (
    binary_operators,
    doubled_scales,
    extrema,
    nonlinear_operators,
    pairs,
    requantizations,
    unary_operators,
)
from exactness.movement_cases import concatenations, paddings, reshapes, transpositions
from exactness.quantized import FLOAT, Type, types
from exactness.reduction_cases import means, pools, softmaxes, wide_softmaxes
from exactness.single_operator import Case
from exactness.trained_cases import (
    trained_convolutions,
    trained_depthwise_convolutions,
    trained_fully_connected_layers,
    wide_convolutions,
)
from hypothesis import strategies as st

#: operators with weights, which have the most kernels
WEIGHTED: dict[str, st.SearchStrategy[Case]] = {
    "conv_2d": convolutions(),
    "depthwise_conv_2d": depthwise_convolutions(),
    "fully_connected": fully_connected_layers(),
    "trained_conv_2d": trained_convolutions(),
    "wide_conv_2d": wide_convolutions(),
    "trained_depthwise_conv_2d": trained_depthwise_convolutions(),
    "trained_fully_connected": trained_fully_connected_layers(),
}

OTHERS: dict[str, st.SearchStrategy[Case]] = {
    "add": binary_operators("ADD"),
    "sub": binary_operators("SUB"),
    "mul": binary_operators("MUL"),
    "maximum": extrema("MAXIMUM"),
    "minimum": extrema("MINIMUM"),
    "relu": pairs("RELU"),
    "relu6": pairs("RELU6"),
    "relu_n1_to_1": doubled_scales("RELU_N1_TO_1"),
    "relu_0_to_1": doubled_scales("RELU_0_TO_1"),
    "logistic": nonlinear_operators("LOGISTIC", Type(1 / 256, -128)),
    "tanh": nonlinear_operators("TANH", Type(1 / 128, 0)),
    "hard_swish": nonlinear_operators("HARD_SWISH"),
    "leaky_relu": nonlinear_operators("LEAKY_RELU"),
    "quantize_int8": requantizations(),
    "quantize_float32": unary_operators("QUANTIZE", st.just(FLOAT), types("int8", 1e-3, 10.0)),
    "dequantize": unary_operators("DEQUANTIZE", types("int8"), st.just(FLOAT)),
    "max_pool_2d": pools("MAX_POOL_2D"),
    "average_pool_2d": pools("AVERAGE_POOL_2D"),
    "mean": means(),
    "softmax": softmaxes(),
    "wide_softmax": wide_softmaxes(),
    "pad": paddings(),
    "concatenation": concatenations(),
    "transpose": transpositions(),
    "reshapes": reshapes(),
}
