# SPDX-License-Identifier: Apache-2.0
"""Builds the network with the project: a script for ``extra_scripts`` of platformio.ini."""

Import("env")

# TVM is not among the packages of PlatformIO's own Python: this one has it.
env.SetDefault(TVM_STM32_PYTHON=["python3"])
env.Tool("tvm_stm32", toolpath=["$PROJECT_DIR/../.."])

digits = env.TvmModel("$BUILD_DIR/digits", "$PROJECT_DIR/../digits/digits_int8.onnx")
env.MergeFlags(digits.flags)
