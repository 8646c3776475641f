# SPDX-License-Identifier: Apache-2.0
"""Per output channel constants of the kernels that accumulate products: bias, and how to requantize.

For int8 a row of the table is (bias, multiplier, shift); for float32 it is (bias).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Constant, int32
from tvm_stm32.kernels.requantization import FloatBounds, Requantization, clamp_float, float_bounds, requantize
from tvm_stm32.model.network import Arithmetic, Network, Operator
from tvm_stm32.quantize.rule import accumulator_rule

from tvm.script import tirx as T  # isort: skip


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """The part of a kernel's specification that says how accumulators become outputs."""

    requantization: Requantization | None  # None: float32
    bounds: FloatBounds = (None, None)

    @property
    def dtype(self) -> str:
        """Type of activations and weights."""
        return "int8" if self.requantization else "float32"

    @property
    def sum_dtype(self) -> str:
        """Type of accumulators and of the table."""
        return "int32" if self.requantization else "float32"

    @property
    def zero_point(self) -> int:
        """The input's."""
        return self.requantization.input_zero_point if self.requantization else 0

    @property
    def columns(self) -> int:
        """Values per channel."""
        return 3 if self.requantization else 1

    def describe(self) -> str:
        """For the comment above the C function."""
        if self.requantization:
            return f"{self.requantization.describe()}\nchannel_table: bias, multiplier, shift per output channel"
        clamp = "" if self.bounds == (None, None) else f", clamped to {list(self.bounds)}"
        return f"float32{clamp}\nchannel_table: bias per output channel"

    def centre(self, value: Any) -> Any:
        """TIR: an input value less its zero point, in the accumulator's type."""
        if self.requantization is None:
            return value
        return T.cast(value, "int32") - self.requantization.input_zero_point

    def finish(self, accumulator: Any, table: Any, channel: Any) -> Any:
        """TIR: the output value of an accumulator."""
        if self.requantization is None:
            return clamp_float(accumulator, self.bounds)
        return requantize(self.requantization, accumulator, table[channel, 1], table[channel, 2])

    @property
    def rounding(self) -> str:
        """For the manifest: the helper that follows the reference's arithmetic."""
        return f"step by step, {self.requantization.helper}" if self.requantization else ""

    @staticmethod
    def of(network: Network, operator: Operator, weights: npt.NDArray[Any]) -> tuple[ChannelTable, Constant]:
        """The table of an operator with inputs (x, weights[, bias]); `weights` is (outputs, products per output)."""
        x = network.input_tensors(operator)[0]
        y = network.output_tensors(operator)[0]
        bias = np.zeros(len(weights), np.int64 if operator.arithmetic is not Arithmetic.FLOAT else np.float32)
        if len(operator.inputs) > 2:
            data = network.tensors[operator.inputs[2]].data
            assert data is not None
            bias = data.reshape(-1)
        if operator.arithmetic is Arithmetic.FLOAT:
            table = ChannelTable(None, float_bounds(operator.attributes.activation))  # type: ignore[union-attr]
            return table, Constant("bias", bias.astype(np.float32), "bias per output channel")
        _check_accumulators(operator, weights, bias)
        rule = accumulator_rule(network, operator, weights, bias)
        assert x.quantization and y.quantization
        requantization = Requantization(
            rule.helper, x.quantization.zero_point, y.quantization.zero_point, rule.low, rule.high
        )
        multipliers = np.resize(rule.multipliers, len(weights))
        shifts = np.resize(rule.shifts, len(weights))
        rows = int32(np.stack([bias, multipliers, shifts], axis=1))
        return ChannelTable(requantization), Constant("channels", rows, "bias, multiplier, shift per output channel")


def _check_accumulators(operator: Operator, weights: npt.NDArray[Any], bias: npt.NDArray[Any]) -> None:
    """Refuse constants whose sums could leave 32 bits: no converter writes them, a damaged file may."""
    reach = np.abs(weights.astype(np.int64)).sum(axis=1) * 256 + np.abs(bias.astype(np.int64))
    if reach.size and int(reach.max()) >= 2**31:
        raise ModelError(
            f"weights and bias of output channel {int(reach.argmax())} can overflow a 32-bit accumulator",
            where=f"layer {operator.name} ({operator.source})",
            hint="the file is probably damaged: convert the model again",
        )
