# SPDX-License-Identifier: Apache-2.0
"""Channels that no output depends on go, all others stay, and no output changes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from exactness.single_operator import SETTINGS, compile_on_host
from simplify.layers import Layers

from tvm_stm32.model.network import Arithmetic, Function, Network
from tvm_stm32.model.tflite import read_tflite
from tvm_stm32.simplify.prune import prune_channels
from tvm_stm32.simplify.ranges import value_ranges

KEEP = msgspec.structs.replace(SETTINGS, keep_channels=True)
LOW = -(10**6)  #: a bias that every clamp at 0 turns into the zero point
DEAD = {1: LOW, 2: 1500, 4: LOW, 5: 700, 6: LOW, 7: LOW, 9: 900, 10: LOW}


def check_equality(network: Network, runs: int = 25) -> Network:
    """Compares pruned and unpruned C; also that no layer's value leaves its range. Returns the pruned network."""
    whole, pruned = deepcopy(network), deepcopy(network)
    expected, found = compile_on_host(whole, KEEP), compile_on_host(pruned, SETTINGS)
    assert found.manifest.macs <= expected.manifest.macs
    ranges = value_ranges(whole)
    written = {operator.name: operator.outputs[0] for operator in whole.operators}
    rng = np.random.default_rng(11)
    shapes = [network.tensors[name].shape for name in network.inputs]
    for run in range(runs):
        low, high = [(-128, 127), (-128, -128), (127, 127), (0, 6)][run % 4]
        inputs = [rng.integers(low, high, shape, np.int8, endpoint=True) for shape in shapes]
        for output, wanted in zip(found.run(inputs), expected.run(inputs), strict=True):
            np.testing.assert_array_equal(output, wanted)
        for layer, values in expected.trace(inputs).items():
            known = ranges[written[layer]]
            if values.dtype == np.int8:
                flat = values.reshape(-1, len(known.low))
                assert (flat.min(axis=0) >= known.low).all() and (flat.max(axis=0) <= known.high).all(), layer
    return pruned


def weights_shapes(network: Network) -> list[tuple[int, ...]]:
    return [network.tensors[operator.inputs[1]].shape for operator in network.operators if len(operator.inputs) > 2]


def chain(padding: int, dead: dict[int, int], zero_point: int = -128) -> Network:
    """A 1x1 convolution of 12 filters, then a 3x3 one."""
    net = Layers((1, 6, 7, 4))
    hidden = net.conv("x", 12, dead=dead, zero_point=zero_point)
    return net.done(net.conv(hidden, 5, kernel=3, padding=padding))


@pytest.mark.parametrize("padding", [0, 1])
def test_constants_at_the_zero_point_go(padding: int) -> None:
    network = check_equality(chain(padding, {1: LOW, 4: LOW, 6: LOW, 10: LOW}))
    assert weights_shapes(network) == [(8, 1, 1, 4), (5, 3, 3, 8)]


def test_other_constants_move_into_the_bias_only_without_padding() -> None:
    dead = {1: 1500, 4: 9000, 6: 10**6, 10: 1200}
    assert weights_shapes(check_equality(chain(0, dead))) == [(8, 1, 1, 4), (5, 3, 3, 8)]
    assert weights_shapes(check_equality(chain(1, dead))) == [(12, 1, 1, 4), (5, 3, 3, 12)]


def test_a_channel_that_nobody_reads_goes_with_all_before_it() -> None:
    net = Layers((1, 6, 7, 4))
    hidden = net.depthwise(net.conv(net.conv("x", 8), 8, unread=(0, 1, 6, 7)))
    network = check_equality(net.done(net.conv(hidden, 4, kernel=3, padding=1, unread=(0, 3, 5, 6))))
    assert weights_shapes(network) == [(4, 1, 1, 4), (4, 1, 1, 4), (1, 3, 3, 4), (4, 3, 3, 4)]


def test_a_depthwise_convolution_passes_constants_on_where_padding_does_not_show() -> None:
    def network(padding: int, value: int) -> Network:
        net = Layers((1, 6, 7, 4))
        hidden = net.depthwise(net.conv("x", 8, dead=dict.fromkeys(range(4), value)), padding, zero_point=-20)
        return net.done(net.conv(hidden, 4))

    for padding, value, left in [(1, LOW, 4), (0, 1500, 4), (1, 1500, 8)]:
        assert weights_shapes(check_equality(network(padding, value)))[0][0] == left


def test_both_sides_of_an_addition_have_to_be_constant() -> None:
    def network(dead: dict[int, int]) -> Network:
        net = Layers((1, 6, 7, 4))
        first = net.conv("x", 8, dead=dict.fromkeys(range(4), 1500))
        return net.done(net.conv(net.add(first, net.conv("x", 8, dead=dead)), 4))

    assert weights_shapes(check_equality(network(dict.fromkeys(range(4), 800)))) == [(4, 1, 1, 4)] * 3
    assert weights_shapes(check_equality(network({5: LOW})))[0] == (8, 1, 1, 4)


def test_a_tensor_keeps_whole_words_and_never_nothing() -> None:
    assert weights_shapes(check_equality(chain(0, {1: LOW})))[0] == (12, 1, 1, 4)
    assert weights_shapes(check_equality(chain(0, dict.fromkeys(range(12), LOW))))[0] == (4, 1, 1, 4)
    net = Layers((1, 3, 3, 2))
    network = net.done(net.conv(net.conv("x", 3, dead={0: LOW}), 4))
    assert weights_shapes(check_equality(network))[0] == (2, 1, 1, 2)


@pytest.mark.parametrize("function", [Function.HARD_SWISH, Function.LEAKY_RELU])
def test_a_constant_passes_through_a_function(function: Function) -> None:
    net = Layers((1, 6, 7, 4))
    hidden = net.nonlinear(net.conv("x", 8, dead=dict.fromkeys(range(4), 9000), zero_point=-3), function)
    assert weights_shapes(check_equality(net.done(net.conv(hidden, 4)))) == [(4, 1, 1, 4), (4, 1, 1, 4)]


def test_inputs_and_outputs_keep_their_channels() -> None:
    net = Layers((1, 6, 7, 8))
    dead = net.conv("x", 8, dead=dict.fromkeys(range(4), LOW), unread=range(4))
    network = check_equality(net.done(dead))
    assert weights_shapes(network) == [(8, 1, 1, 8)]
    assert network.notes == []


@pytest.mark.parametrize("seed", range(6))
def test_networks_of_everything(seed: int) -> None:
    """Branches, an addition, a concatenation, pools, a mean or a flattening, and all kinds of dead filters."""
    net = Layers((1, 8, 9, 3), seed)
    rng = np.random.default_rng(seed)
    zero_point = int(rng.choice([-128, -40]))

    def dead(count: int) -> dict[int, int]:
        chosen = rng.permutation(count)[: count // 2].tolist()
        return {k: int(rng.choice([LOW, 10**6, rng.integers(-3000, 3000)])) for k in chosen}

    def unread(count: int) -> list[int]:
        chosen: list[int] = rng.permutation(count)[: count // 4].tolist()
        return chosen

    x = net.conv("x", 12, kernel=3, padding=1, dead=dead(12), zero_point=zero_point)
    y = net.conv(net.depthwise(x, dead=dead(12), zero_point=zero_point), 12, dead=dead(12), zero_point=zero_point)
    x = net.concat(net.conv(net.add(x, y), 8, 3, 1, dead(8), unread(12)), net.conv(x, 9, 1, 0, dead(9), unread(12)))
    x = net.pool(x, "max" if seed % 2 else "average")
    x = net.conv(x, 10, kernel=3, padding=seed % 3 % 2, dead=dead(10), unread=unread(17))
    x = net.mean(x) if seed < 3 else net.flatten(x)
    network = check_equality(net.done(net.dense(x, 6, unread=unread(net.shape(x)[-1]))))
    assert len(network.notes) == 1 and "channels that no output depends on are left out" in network.notes[0]


def test_onnx_drops_only_what_leaves_the_bias_alone() -> None:
    def network(value: int) -> Network:
        net = Layers((1, 6, 7, 4), arithmetic=Arithmetic.ONNX)
        return net.done(net.conv(net.conv("x", 8, dead=dict.fromkeys(range(4), value)), 4))

    assert weights_shapes(check_equality(network(LOW)))[0] == (4, 1, 1, 4)
    assert weights_shapes(check_equality(network(1500)))[0] == (8, 1, 1, 4)


def test_weights_that_two_layers_share_are_cut_for_each() -> None:
    network = chain(0, dict.fromkeys(range(4), LOW))
    first = network.operators[0]
    network.tensors["copy"] = replace(network.tensors[first.outputs[0]], name="copy")
    network.operators.append(replace(first, name="copy", inputs=list(first.inputs), outputs=["copy"]))
    network.outputs.append("copy")
    assert weights_shapes(check_equality(network)) == [(8, 1, 1, 4), (5, 3, 3, 8), (12, 1, 1, 4)]


def test_pruning_again_changes_nothing() -> None:
    network = chain(1, DEAD)
    prune_channels(network)
    shapes, notes = weights_shapes(network), len(network.notes)
    prune_channels(network)
    assert (weights_shapes(network), len(network.notes)) == (shapes, notes)


def test_visual_wake_words(shared: Path) -> None:
    """More than half of the network is dead; its outputs are the same."""
    network = check_equality(read_tflite(shared / "models" / "vww_int8.tflite"), runs=12)
    weights = [network.tensors[operator.inputs[1]].elements for operator in network.operators if operator.inputs[1:]]
    assert sum(weights) == 30_340
    assert network.notes[-1].startswith("channels that no output depends on are left out: 7,489,664 multiply-")
    assert "become 3,766,476, 208,112 weights 30,340" in network.notes[-1]
