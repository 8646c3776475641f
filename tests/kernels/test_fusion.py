# SPDX-License-Identifier: Apache-2.0
"""Consecutive layers are computed together where that takes less memory, and nowhere else."""

from __future__ import annotations

import msgspec
import pytest
from exactness.inverted_residuals import Blocks
from exactness.single_operator import SETTINGS, Case, check, read_bytes

from tvm_stm32.codegen.compile import compile_network
from tvm_stm32.codegen.compiled_model import CompiledModel


def compiled(blocks: Blocks, optimize: str = "balanced", others: tuple[int, ...] = ()) -> CompiledModel:
    """The network on a Cortex-M4."""
    return compile_network(read_bytes(blocks.finish(others)), msgspec.structs.replace(SETTINGS, optimize=optimize))


def families(model: CompiledModel) -> list[str]:
    """The kernel of each call."""
    return [call.variant for call in model.calls]


def two_blocks() -> Blocks:
    """A block that adds its input, and one that halves the size."""
    blocks = Blocks((18, 16), 8, seed=1)
    blocks.block(6, 8)
    blocks.block(6, 12, stride=2)
    return blocks


def test_wide_layers_are_never_there_as_a_whole() -> None:
    model = compiled(two_blocks())
    assert families(model) == ["conv2d_depthwise_conv2d_add", "conv2d_depthwise", "conv2d_flat"]
    assert model.activations_size < 18 * 16 * 48  # of either tensor between
    assert model.activations_size < 0.65 * compiled(two_blocks(), "time").activations_size
    assert model.calls[0].layer.count("+") == 3
    assert model.calls[0].macs == 18 * 16 * 8 * 48 * 2 + 18 * 16 * 48 * 9


@pytest.mark.parametrize("optimize", ["balanced", "ram"])
def test_equals_tflm(optimize: str) -> None:
    blocks = Blocks((19, 13), 5, seed=2)
    blocks.block(4, 5)
    blocks.block(5, 7, stride=2)
    assert any("depthwise_conv2d" in family for family in families(compiled(blocks, optimize)))
    check(Case(blocks.finish(), 3, "inverted residuals"), optimize=optimize)


def test_separate_where_no_byte_depends_on_it() -> None:
    blocks = Blocks((18, 16), 8, seed=1)
    blocks.block(8, 8)
    blocks.block(1, 8)
    assert families(compiled(blocks)).count("conv2d_depthwise_conv2d_add") == 1


def test_separate_where_another_reads_what_lies_between() -> None:
    blocks = Blocks((18, 16), 8, seed=1)
    between = blocks.block(6, 8)
    assert families(compiled(blocks)) == ["conv2d_depthwise_conv2d_add"]
    assert "add" in families(compiled(blocks, others=(between,)))


def test_a_sum_takes_the_place_of_the_input() -> None:
    """One tensor and scratch memory, which is 15 KB here, not two tensors."""
    blocks = Blocks((32, 24), 16, seed=4)
    blocks.block(6, 16)
    blocks.block(6, 16)
    model = compiled(blocks)
    assert families(model) == ["conv2d_depthwise_conv2d_add"] * 2
    assert model.activations_size < 2.5 * 32 * 24 * 16
