# SPDX-License-Identifier: Apache-2.0
"""The TensorFlow Lite front end: a .tflite file becomes a `Network`, with its names, order and quantization."""

from tvm_stm32.model.tflite.reader import read_tflite

__all__ = ["read_tflite"]
