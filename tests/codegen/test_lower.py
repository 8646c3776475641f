# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""TIR to C: signatures, exact float constants, helpers, determinism."""

import re
import struct

import pytest
from tvm.script import tirx as T

from tvm_stm32.codegen.lower import lower_kernel


def scale(factor: float):
    """A kernel y = max(x * factor, 0), factor in its text."""

    @T.prim_func(s_tir=True)
    def kernel(x: T.handle("float32"), y: T.handle("float32")):
        X = T.decl_buffer((3,), "float32", data=x)
        Y = T.decl_buffer((3,), "float32", data=y)
        for i in range(3):
            Y[i] = X[i] * T.float32(factor)

    return kernel


def test_only_written_parameters_are_mutable() -> None:
    lowered = lower_kernel(scale(2.0), "k", frozenset({"y"}))
    assert [(p.ctype, p.name, p.const) for p in lowered.parameters] == [("float", "x", True), ("float", "y", False)]
    assert lowered.body.startswith("{\n")
    assert lowered.body.endswith("}\n")
    assert lowered.helpers == ()


@pytest.mark.parametrize("value", [0.5, 64.0, 1.5, -3.0])
def test_float_constants_with_few_digits_stay_readable(value: float) -> None:
    assert f"{value:e}f" in lower_kernel(scale(value), "k", frozenset({"y"})).body


@pytest.mark.parametrize("value", [1 / 3, 0.1, 3.4028234663852886e38, 1e-45, 1e-40, float("inf")])
def test_float_constants_reach_c_exactly(value: float) -> None:
    body = lower_kernel(scale(value), "k", frozenset({"y"})).body
    call = re.search(r"tvm_ai_float\(\(uint32_t\)(\d+)\)", body)
    literal = re.search(r"\* (\d\.\d+e[+-]\d+)f", body)
    assert (call is None) != (literal is None)
    reached = struct.pack("<I", int(call[1])) if call else struct.pack("<f", float(literal[1]))
    assert reached == struct.pack("<f", value)


def test_the_text_is_the_same_every_time() -> None:
    assert lower_kernel(scale(0.1), "k", frozenset({"y"})) == lower_kernel(scale(0.1), "k", frozenset({"y"}))


def test_zero_stays_readable() -> None:
    @T.prim_func(s_tir=True)
    def kernel(y: T.handle("float32")):
        Y = T.decl_buffer((1,), "float32", data=y)
        Y[0] = T.float32(0.0)

    assert "0.000000e+00f" in lower_kernel(kernel, "k", frozenset({"y"})).body


def test_parameters_that_are_never_read_do_not_warn() -> None:
    @T.prim_func(s_tir=True)
    def kernel(x: T.handle("int8"), y: T.handle("int8")):  # noqa: ARG001
        Y = T.decl_buffer((1,), "int8", data=y)
        Y[0] = T.int8(3)

    body = lower_kernel(kernel, "k", frozenset({"y"})).body
    assert "(void)x;" in body
    assert "(void)y;" not in body
