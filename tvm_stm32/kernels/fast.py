# SPDX-License-Identifier: Apache-2.0
"""Kernels that call microkernels with DSP instructions, where the operator allows it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.add_arrays import implement_add_arrays
from tvm_stm32.kernels.choice import choose, cycles
from tvm_stm32.kernels.conv2d_flat import implement_flat
from tvm_stm32.kernels.conv2d_pairs import implement_pairs
from tvm_stm32.kernels.conv2d_rows import implement_rows
from tvm_stm32.kernels.conv2d_winograd import implement_winograd
from tvm_stm32.kernels.convolution_geometry import PixelRuns, laid_down
from tvm_stm32.kernels.dense import implement_dense
from tvm_stm32.kernels.depthwise_planes import implement_planes
from tvm_stm32.kernels.implementation import Implementation, Scratch
from tvm_stm32.kernels.mean import implement_mean
from tvm_stm32.kernels.microkernels.winograd import SCALES
from tvm_stm32.kernels.narrow import NarrowRule, Ranges, lane_rule, plane_rule, winograd_rule
from tvm_stm32.kernels.pool_rules import implement_pool_by_words
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import (
    Add,
    Arithmetic,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Network,
    Operator,
    Padding,
    Pool2D,
    Sub,
)


def implement_fast(network: Network, operator: Operator, target: Target, ranges: Ranges) -> Implementation | None:
    """The fast kernel of `operator`, or None: the plain one serves."""
    attributes = operator.attributes
    if isinstance(attributes, Conv2D):
        return _conv2d(network, operator, attributes, target, ranges)
    if isinstance(attributes, DepthwiseConv2D):
        return _depthwise(network, operator, attributes, target, ranges)
    if isinstance(attributes, FullyConnected):
        return _fully_connected(network, operator, target, ranges)
    if isinstance(attributes, Pool2D):
        return implement_pool_by_words(network, operator)
    if isinstance(attributes, Add | Sub) and operator.arithmetic is Arithmetic.TFLITE:
        return implement_add_arrays(network, operator)
    if isinstance(attributes, Mean) and operator.arithmetic is Arithmetic.TFLITE:
        return implement_mean(network, operator, words=True)
    return None


def _conv2d(
    network: Network, operator: Operator, attributes: Conv2D, target: Target, ranges: Ranges
) -> Implementation | None:
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    if weights.dtype != "int8" or weights.data is None:
        return None
    data = weights.data.astype(np.int8)
    x_shape, y_shape = (x.shape[1], x.shape[2], x.shape[3]), (y.shape[1], y.shape[2], y.shape[3])
    padding, groups = attributes.padding, attributes.groups
    strides, dilations = attributes.strides, attributes.dilations
    before = (padding.top, padding.left)
    rule = lane_rule(network, operator, data.reshape(len(data), -1), ranges)
    if rule is None:
        return None
    whole = data.shape[1:3] == x_shape[:2] and (dilations == (1, 1) or x_shape[:2] == (1, 1))
    if y_shape[:2] == (1, 1) and whole and groups == 1 and before == (0, 0):
        return implement_dense(x.name, y.name, data.reshape(len(data), -1), rule, target.objective)
    if data.shape[1:3] == (1, 1) and padding == Padding():
        flat = _flat(x.name, y.name, PixelRuns(x_shape, y_shape, strides), data[:, 0, 0], groups, rule, target)
        if flat is not None:
            return flat
    if groups == 1:
        turned = laid_down(x_shape, y_shape, data, strides, dilations, before)
        x_shape, y_shape, data, strides, dilations, before = turned
    arguments = x.name, y.name, x_shape, y_shape, data, strides, dilations, before, groups, rule
    rows = implement_rows(*arguments)
    odd = y_shape[1] % 2 and y_shape[0] > 1 and target.objective != "ram"
    columns = implement_rows(*arguments, columns=True) if odd else None
    if rows and columns and _scratch(columns) <= target.scratch and _faster(columns, rows):
        rows = columns
    square = data.shape[1:3] == (3, 3) and strides == dilations == (1, 1) and groups == 1
    if target.objective == "ram" or not square:
        return rows
    winograd = [
        implement_winograd(
            x.name, y.name, x_shape, y_shape, data, before, winograd_rule(network, operator, data, tile), tile
        )
        for tile in SCALES
    ]
    return choose([rows, *winograd], target.objective)


def _faster(columns: Implementation, rows: Implementation) -> bool:
    """Whether what takes more scratch saves enough."""
    return cycles(columns.specification) < 0.97 * cycles(rows.specification)


def _scratch(implementation: Implementation) -> int:
    """Bytes of working memory."""
    return sum(argument.size for argument in implementation.arguments if isinstance(argument, Scratch))


def _fully_connected(network: Network, operator: Operator, target: Target, ranges: Ranges) -> Implementation | None:
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    if weights.dtype != "int8" or weights.data is None:
        return None
    outputs, inputs = weights.shape
    rows = y.elements // outputs
    data = weights.data.astype(np.int8)
    rule = lane_rule(network, operator, data, ranges)
    if rule is None:
        return None
    if rows == 1:
        return implement_dense(x.name, y.name, data, rule, target.objective)
    return _flat(x.name, y.name, PixelRuns((rows, 1, inputs), (rows, 1, outputs), (1, 1)), data, 1, rule, target)


def _flat(
    x: str,
    y: str,
    runs: PixelRuns,
    weights: npt.NDArray[np.int8],
    groups: int,
    rule: NarrowRule,
    target: Target,
) -> Implementation | None:
    """1x1 convolution; for time a kernel of one shape is the first choice."""
    flat = implement_flat(x, y, runs, weights, groups, rule, target.scratch)
    if flat is None or groups > 1 or target.objective != "time":
        return flat
    return implement_pairs(x, y, runs, weights, rule, (flat, *flat.alternatives)) or flat


def _depthwise(
    network: Network, operator: Operator, attributes: DepthwiseConv2D, target: Target, ranges: Ranges
) -> Implementation | None:
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    if weights.dtype != "int8" or weights.data is None:
        return None
    data = np.moveaxis(weights.data[0], -1, 0).astype(np.int8)
    return implement_planes(
        x.name,
        y.name,
        (x.shape[1], x.shape[2], x.shape[3]),
        (y.shape[1], y.shape[2], y.shape[3]),
        data,
        attributes.strides,
        attributes.dilations,
        (attributes.padding.top, attributes.padding.left),
        plane_rule(network, operator, data.reshape(len(data), -1), ranges),
        target,
    )
