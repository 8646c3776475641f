# SPDX-License-Identifier: Apache-2.0
"""Kernels that round as onnxruntime does: dequantize, compute in float32, quantize with halves to even."""
