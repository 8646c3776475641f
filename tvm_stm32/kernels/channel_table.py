# SPDX-License-Identifier: Apache-2.0
"""Per output channel constants of the kernels that accumulate products: bias, and how to requantize.

For int8 a row of the table is the bias, then what `NarrowRequantization` needs where there is a proof, else multiplier
and shift of the model's own arithmetic; for float32 it is the bias alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Constant, int32
from tvm_stm32.kernels.narrow import NarrowRule, Ranges, lane_rule, split_rule
from tvm_stm32.kernels.requantization import (
    FloatBounds,
    NarrowRequantization,
    Requantization,
    clamp_float,
    float_bounds,
)
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Arithmetic, Network, Operator
from tvm_stm32.quantize.rule import accumulator_rule

from tvm.script import tirx as T  # isort: skip


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """The part of a kernel's specification that says how accumulators become outputs."""

    requantization: NarrowRequantization | Requantization | None  # None: float32
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
        return 1 + len(self.requantization.columns) if self.requantization else 1

    def describe(self) -> str:
        """For the comment above the C function."""
        if self.requantization:
            columns = ", ".join(("bias", *self.requantization.columns))
            return f"{self.requantization.describe()}\nchannel_table: {columns} per output channel"
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
        return self.requantization.finish(accumulator, table, channel)

    @property
    def rounding(self) -> str:
        """For the manifest: what was proven, or the helper that follows the reference's arithmetic."""
        return self.requantization.rounding if self.requantization else ""

    @staticmethod
    def of(
        network: Network,
        operator: Operator,
        weights: npt.NDArray[Any],
        target: Target,
        ranges: Ranges,
        folded: bool,
    ) -> tuple[ChannelTable, Constant]:
        """The table of an operator with inputs (x, weights[, bias]).

        Args:
            network: the operator's network.
            operator: the operator.
            weights: (outputs, products per output).
            target: what the core has.
            ranges: of the tensors.
            folded: whether the biases are to have the products of the input's zero point in them.
        """
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
        assert x.quantization and y.quantization
        zero_sums = x.quantization.zero_point * weights.sum(axis=1, dtype=np.int64)
        requantization: NarrowRequantization | Requantization
        narrow = _narrow(network, operator, weights, target, ranges)
        if narrow is not None:
            proven, requantization = narrow
            folded_bias = np.array(proven.biases, np.int64)
            values = [requantization.row(channel) for channel in proven.layer.channels]
        else:
            rule = accumulator_rule(network, operator, weights, bias)
            requantization = Requantization(
                rule.helper, x.quantization.zero_point, y.quantization.zero_point, rule.low, rule.high
            )
            folded_bias = bias.astype(np.int64) - zero_sums
            pairs = (np.resize(rule.multipliers, len(weights)), np.resize(rule.shifts, len(weights)))
            values = np.stack(pairs, axis=1).tolist()
        biases = folded_bias if folded else folded_bias + zero_sums
        rows = int32(np.column_stack([biases, np.array(values, np.int64).reshape(len(weights), -1)]))
        columns = ", ".join(("bias", *requantization.columns))
        return ChannelTable(requantization), Constant("channels", rows, f"{columns} per output channel")


def _narrow(
    network: Network, operator: Operator, weights: npt.NDArray[Any], target: Target, ranges: Ranges
) -> tuple[NarrowRule, NarrowRequantization] | None:
    """The proven form of requantization that suits the core, if there is a proof."""
    if target.long:
        rule = lane_rule(network, operator, weights, ranges)
        return (rule, NarrowRequantization.of(rule)) if rule else None
    split = split_rule(network, operator, weights, ranges)
    return (split[0], NarrowRequantization.of(*split)) if split else None


def _check_accumulators(operator: Operator, weights: npt.NDArray[Any], bias: npt.NDArray[Any]) -> None:
    """Refuse constants whose sums could leave 32 bits: no converter writes them, a damaged file may."""
    reach = np.abs(weights.astype(np.int64)).sum(axis=1) * 256 + np.abs(bias.astype(np.int64))
    if reach.size and int(reach.max()) >= 2**31:
        raise ModelError(
            f"weights and bias of output channel {int(reach.argmax())} can overflow a 32-bit accumulator",
            where=f"layer {operator.name} ({operator.source})",
            hint="the file is probably damaged: convert the model again",
        )
