# SPDX-License-Identifier: Apache-2.0
"""Trained neural networks as C99 static libraries for bare-metal STM32, through Apache TVM.

The package is also the SCons tool: ``Environment(tools=["default", "tvm_stm32"])`` finds `generate` and `exists` here.
Nothing heavy is imported, so that reading an SConstruct never imports TVM.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def generate(env: Any, **options: Any) -> None:
    """Add the builders and methods of this tool to an SCons environment."""
    from tvm_stm32.scons.tool import generate as generate_tool

    generate_tool(env, **options)


def exists(env: Any) -> bool:
    """Tell SCons whether the tool can be used in `env`."""
    from tvm_stm32.scons.tool import exists as exists_tool

    return exists_tool(env)
