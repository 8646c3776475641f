# SPDX-License-Identifier: Apache-2.0
"""The ONNX front end: an .onnx file becomes a `Network`, channels last, with its names and exact quantization."""

from tvm_stm32.model.onnx.reader import read_onnx, read_proto

__all__ = ["read_onnx", "read_proto"]
