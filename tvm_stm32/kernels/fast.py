# SPDX-License-Identifier: Apache-2.0
"""Kernels that call microkernels with DSP instructions, where the operator allows it."""

from __future__ import annotations

import numpy as np

from tvm_stm32.kernels.choice import choose
from tvm_stm32.kernels.conv2d_rows import implement_rows
from tvm_stm32.kernels.conv2d_winograd import implement_winograd
from tvm_stm32.kernels.dense import implement_dense
from tvm_stm32.kernels.depthwise_planes import implement_planes
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.mean import implement_mean
from tvm_stm32.kernels.microkernels.winograd import SCALES
from tvm_stm32.kernels.narrow import lane_rule, plane_rule, winograd_rule
from tvm_stm32.kernels.pool_rules import implement_pool_by_words
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Arithmetic, Conv2D, DepthwiseConv2D, FullyConnected, Mean, Network, Operator, Pool2D


def implement_fast(network: Network, operator: Operator, target: Target) -> Implementation | None:
    """The fast kernel of `operator`, or None: the plain one serves."""
    attributes = operator.attributes
    if isinstance(attributes, Conv2D) and attributes.groups == 1:
        return _conv2d(network, operator, attributes, target)
    if isinstance(attributes, DepthwiseConv2D):
        return _depthwise(network, operator, attributes, target)
    if isinstance(attributes, FullyConnected):
        return _fully_connected(network, operator, target)
    if isinstance(attributes, Pool2D):
        return implement_pool_by_words(network, operator)
    if isinstance(attributes, Mean) and operator.arithmetic is Arithmetic.TFLITE:
        return implement_mean(network, operator, words=True)
    return None


def _conv2d(network: Network, operator: Operator, attributes: Conv2D, target: Target) -> Implementation | None:
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    if weights.dtype != "int8" or weights.data is None:
        return None
    data = weights.data.astype(np.int8)
    x_shape, y_shape = (x.shape[1], x.shape[2], x.shape[3]), (y.shape[1], y.shape[2], y.shape[3])
    padding = (attributes.padding.top, attributes.padding.left)
    rows = implement_rows(
        x.name,
        y.name,
        x_shape,
        y_shape,
        data,
        attributes.strides,
        attributes.dilations,
        padding,
        lane_rule(network, operator, data.reshape(len(data), -1)),
        target.scratch,
    )
    square = data.shape[1:3] == (3, 3) and attributes.strides == attributes.dilations == (1, 1)
    if target.objective == "ram" or not square:
        return rows
    winograd = [
        implement_winograd(
            x.name, y.name, x_shape, y_shape, data, padding, winograd_rule(network, operator, data, tile), tile
        )
        for tile in SCALES
    ]
    return choose([rows, *winograd], target.objective)


def _fully_connected(network: Network, operator: Operator, target: Target) -> Implementation | None:
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    if weights.dtype != "int8" or weights.data is None:
        return None
    outputs, inputs = weights.shape
    rows = y.elements // outputs
    data = weights.data.astype(np.int8)
    rule = lane_rule(network, operator, data)
    if rows == 1:
        dense = implement_dense(x.name, y.name, data, rule, widened=target.objective != "ram")
        if dense is not None:
            return dense
    return implement_rows(
        x.name,
        y.name,
        (rows, 1, inputs),
        (rows, 1, outputs),
        data.reshape(outputs, 1, 1, inputs),
        (1, 1),
        (1, 1),
        (0, 0),
        rule,
        target.scratch,
    )


def _depthwise(
    network: Network, operator: Operator, attributes: DepthwiseConv2D, target: Target
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
        plane_rule(network, operator, data.reshape(len(data), -1)),
        target.scratch,
    )
