# SPDX-License-Identifier: Apache-2.0
"""What the manifest says of layers: which kernel was chosen, how it rounds, how much it computes."""

from __future__ import annotations

import msgspec
import pytest
from exactness.single_operator import SETTINGS, read_bytes
from sampled_network import NONE, SampledNetwork

from tvm_stm32.codegen.command import summary
from tvm_stm32.codegen.compile import compile_network
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.manifest import ManifestCall, manifest


def compiled(cpu: str, optimize: str, dtype: str = "int8") -> CompiledModel:
    """A 3x3 convolution with as many channels as pay for another algorithm, twice; and a fully connected layer."""
    network = SampledNetwork(5, dtype)
    x = network.input(12, 12, 24)
    for _ in range(2):
        x = network.conv2d(x, 24)
    model = network.finish(network.dense(network.mean(x), 3, NONE))
    return compile_network(read_bytes(model), msgspec.structs.replace(SETTINGS, cpu=cpu, optimize=optimize))


def weighted(model: CompiledModel) -> list[ManifestCall]:
    return [call for call in manifest(model).calls if call.macs]


@pytest.fixture(scope="module")
def balanced() -> CompiledModel:
    return compiled("cortex-m4", "balanced")


def test_multiply_accumulates(balanced: CompiledModel) -> None:
    products = 12 * 12 * 24 * 9 * 24
    assert [call.macs for call in weighted(balanced)] == [products, products, 24 * 3]
    assert manifest(balanced).macs == 2 * products + 24 * 3


def test_the_objective_chooses_the_kernels(balanced: CompiledModel) -> None:
    variants = {
        "balanced": {call.variant for call in weighted(balanced)[:2]},
        **{how: {call.variant for call in weighted(compiled("cortex-m4", how))[:2]} for how in ("time", "ram")},
    }
    assert variants["time"] != variants["ram"]
    assert variants["ram"] == {"conv2d_rows"}


def test_how_it_rounds(balanced: CompiledModel) -> None:
    assert all("proven equal to the model's rounding" in call.rounding for call in weighted(balanced))
    assert {call.rounding for call in manifest(balanced).calls if not call.macs} == {""}
    short = weighted(compiled("cortex-m0plus", "balanced"))
    assert all(call.rounding.startswith(("two short products, ", "step by step, tvm_ai_requantize")) for call in short)
    plain = weighted(compiled("cortex-m3", "balanced"))
    assert all(call.rounding.startswith("multiply-high, ") for call in plain)
    assert {call.rounding for call in weighted(compiled("cortex-m4", "balanced", "float32"))} == {""}


def test_the_summary_counts_the_kernels(balanced: CompiledModel) -> None:
    line = next(line for line in summary(balanced).splitlines() if line.startswith("  calls: "))
    counted = {word.split()[1]: int(word.split()[0]) for word in line.removeprefix("  calls: ").split(", ")}
    variants = [call.variant for call in manifest(balanced).calls]
    assert counted == {variant: variants.count(variant) for variant in variants}
