# SPDX-License-Identifier: Apache-2.0
"""Whole TensorFlow Lite networks against TFLM: every layer's output, over a hundred random inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from exactness.oracle import Oracle
from exactness.single_operator import CORES, SETTINGS, TOLERANCE, compile_on_host

from tvm_stm32.model.network import TOGETHER, Network, Reshape, Tensor
from tvm_stm32.model.tflite import read_tflite
from tvm_stm32.model.tflite.file import read_file

INPUTS = 100


def random_inputs(tensor: Tensor, count: int) -> Iterator[np.ndarray]:
    """int8: any values, and values around the zero point, in turn; float32: normal."""
    rng = np.random.default_rng(2026)
    for index in range(count):
        if tensor.quantization is None:
            yield rng.normal(size=tensor.shape).astype(np.float32)
        elif index % 2:
            yield rng.integers(-128, 127, tensor.shape, np.int8, endpoint=True)
        else:
            spread = rng.normal(size=tensor.shape) * 40 + tensor.quantization.zero_point
            yield np.clip(np.round(spread), -128, 127).astype(np.int8)


def layer_tensors(path: Path, network: Network) -> dict[str, int]:
    """The file's index of each layer's output, by the layer's name."""
    outputs = [operator.outputs[0] for operator in read_file(path).operators]
    return {operator.name: index for operator, index in zip(network.operators, outputs, strict=True)}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ["ad_int8", "ic_fp32", "ic_int8", "kws_int8", "vww_int8"])
def test_every_layer(name: str, core: str, shared: Path) -> None:
    path = shared / "models" / f"{name}.tflite"
    network = read_tflite(path)
    indices = layer_tensors(path, network)
    computed = {op.name for op in network.operators if not isinstance(op.attributes, Reshape)}
    (source,) = (network.tensors[name] for name in network.inputs)
    model = compile_on_host(read_tflite(path), msgspec.structs.replace(SETTINGS, cpu=core, keep_channels=True))
    together = {layer for call in model.manifest.calls for layer in call.layer.split(TOGETHER)[:-1]}
    assert len(together) <= len(computed) / 10
    reference = Oracle(path.read_bytes())
    for value in random_inputs(source, INPUTS):
        reference.run([value])
        layers = model.trace([value])
        assert computed - together <= layers.keys()
        for layer, found in layers.items():
            expected = reference.tensor(indices[layer]).reshape(found.shape)
            if found.dtype == np.float32:
                limit = TOLERANCE * max(1.0, np.abs(expected).max())
                np.testing.assert_allclose(found, expected, rtol=0, atol=limit, err_msg=layer)
            else:
                np.testing.assert_array_equal(found, expected, err_msg=layer)
        whole = model.run([value])[0]
        np.testing.assert_array_equal(whole, list(layers.values())[-1].reshape(whole.shape))


@pytest.mark.parametrize("core", CORES)
def test_outputs_without_dead_channels(core: str, shared: Path) -> None:
    """The network of which half is left out."""
    path = shared / "models" / "vww_int8.tflite"
    network = read_tflite(path)
    (source,) = (network.tensors[name] for name in network.inputs)
    model = compile_on_host(network, msgspec.structs.replace(SETTINGS, cpu=core))
    assert model.manifest.macs < 7_489_664
    reference = Oracle(path.read_bytes())
    for value in random_inputs(source, INPUTS // 4):
        reference.run([value])
        (found,) = model.run([value])
        np.testing.assert_array_equal(found, reference.output(0))
