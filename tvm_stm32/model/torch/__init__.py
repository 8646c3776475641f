# SPDX-License-Identifier: Apache-2.0
"""The PyTorch front end: the program in a .pt2 file becomes a `Network`, with the names of its modules.

PyTorch's own exporter translates the program to ONNX, in memory, and the ONNX front end reads that. Only ``program``
and ``translations`` import PyTorch, ``archive`` and ``screen`` nothing but Python's own library.
"""
