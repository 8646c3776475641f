# SPDX-License-Identifier: Apache-2.0
"""Operators as numbers, for observers: those of TensorFlow Lite's schema (``BuiltinOperator``), for ONNX models too."""

from __future__ import annotations

#: what stands for an operator that is not listed: CUSTOM
OTHER = 32

_TFLITE = {
    "ADD": 0,
    "AVERAGE_POOL_2D": 1,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 4,
    "DEQUANTIZE": 6,
    "FULLY_CONNECTED": 9,
    "LOGISTIC": 14,
    "MAX_POOL_2D": 17,
    "MUL": 18,
    "RELU": 19,
    "RELU_N1_TO_1": 20,
    "RELU6": 21,
    "RESHAPE": 22,
    "SOFTMAX": 25,
    "TANH": 28,
    "PAD": 34,
    "TRANSPOSE": 39,
    "MEAN": 40,
    "SUB": 41,
    "DIV": 42,
    "SQUEEZE": 43,
    "MAXIMUM": 55,
    "MINIMUM": 57,
    "PADV2": 60,
    "EXPAND_DIMS": 70,
    "LEAKY_RELU": 98,
    "QUANTIZE": 114,
    "HARD_SWISH": 117,
    "RELU_0_TO_1": 152,
}

#: ONNX operator -> the one of TensorFlow Lite that does the same
_ONNX = {
    "Add": "ADD",
    "AveragePool": "AVERAGE_POOL_2D",
    "BatchNormalization": "MUL",
    "Clip": "RELU6",
    "Concat": "CONCATENATION",
    "Conv": "CONV_2D",
    "DequantizeLinear": "DEQUANTIZE",
    "Div": "DIV",
    "Flatten": "RESHAPE",
    "Gemm": "FULLY_CONNECTED",
    "GlobalAveragePool": "MEAN",
    "GlobalMaxPool": "MAX_POOL_2D",
    "HardSwish": "HARD_SWISH",
    "LeakyRelu": "LEAKY_RELU",
    "MatMul": "FULLY_CONNECTED",
    "MaxPool": "MAX_POOL_2D",
    "Mul": "MUL",
    "Pad": "PAD",
    "QuantizeLinear": "QUANTIZE",
    "ReduceMean": "MEAN",
    "Relu": "RELU",
    "Reshape": "RESHAPE",
    "Sigmoid": "LOGISTIC",
    "Softmax": "SOFTMAX",
    "Squeeze": "SQUEEZE",
    "Sub": "SUB",
    "Tanh": "TANH",
    "Transpose": "TRANSPOSE",
    "Unsqueeze": "EXPAND_DIMS",
}


def operator_code(operator: str) -> int:
    """The number of an operator by its name in a TFLite or ONNX file."""
    return _TFLITE.get(_ONNX.get(operator, operator), OTHER)
