# SPDX-License-Identifier: Apache-2.0
"""Programs of PyTorch: what their C computes beside PyTorch itself, and what their layers are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.torch_programs import Images, Quantizable, Signals, quantized, save, torch, with_statistics
from tvm_stm32.check.compare import Difference, compare, random_inputs
from tvm_stm32.check.host import HostModel
from tvm_stm32.check.reference import reference_of
from tvm_stm32.cli import main
from tvm_stm32.codegen.command import summary
from tvm_stm32.codegen.compile import compile_model
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.model.load import load_model
from tvm_stm32.model.network import Activation, Clamp, Dequantize, Quantize

SETTINGS = Settings("net", "balanced", "cortex-m4", "", "any", "arena", "arena")


@dataclass(frozen=True)
class Program:
    """A .pt2 file, what it is compiled to, and its C on this machine."""

    path: Path
    compiled: CompiledModel
    host: HostModel

    @property
    def layers(self) -> list[str]:
        """What each call computes."""
        return [call.layer for call in self.compiled.calls]

    def difference(self, samples: int) -> Difference:
        """How far its only output is from PyTorch's."""
        (found,) = compare(self.host, reference_of(self.path), random_inputs(self.host, samples, seed=3))
        return found


def program(path: Path) -> Program:
    compiled = compile_model(path, SETTINGS)
    folder = path.with_suffix("")
    folder.mkdir()
    for name, content in emit(compiled).items():
        (folder / name).write_bytes(content)
    return Program(path, compiled, HostModel.load(folder, "net", ("-O0",)))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("images") / "images.pt2"
    return program(save(with_statistics(Images()), path, torch.randn(1, 3, 32, 32)))


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Its batch is open."""
    path = tmp_path_factory.mktemp("signals") / "signals.pt2"
    batch = ({0: torch.export.Dim("batch")},)
    return program(save(with_statistics(Signals()), path, torch.randn(2, 4, 64), dynamic_shapes=batch))


@pytest.fixture(scope="module")
def integers(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("integers") / "integers.pt2"
    example = torch.randn(1, 3, 32, 32)
    return program(save(quantized(with_statistics(Quantizable()), example), path, example))


def test_float_results_are_pytorchs(images: Program, signals: Program) -> None:
    assert images.difference(samples=5).relative < 1e-5
    assert signals.difference(samples=5).relative < 1e-5
    assert (images.compiled.description, signals.compiled.description) == ("PyTorch, float32",) * 2


def test_versions_of_what_translates_are_on_record(images: Program) -> None:
    versions = images.host.manifest.versions
    assert versions.keys() == {"apache-tvm", "onnxscript", "torch", "tvm_stm32"}
    assert versions["torch"] == torch.__version__.partition("+")[0]


def test_layers_have_the_paths_of_modules(images: Program) -> None:
    """A layer its path, normalization and clamps fused; what a user's module computes itself, its path and operator."""
    assert images.layers == [
        "features.0",
        "features.3.depthwise",
        "features.3.activation",
        "features.3.add",
        "features.4",
        "features.5",
        "features.7",
        "features.8",
        "sigmoid",
        "mul",
        "sub",
        "cat",
        "mean",
        "pool",
        "add_1",
        "classifier.0",
        "classifier.1",
        "classifier.2",
        "softmax",
    ]


def test_layer_that_is_used_twice_is_told_apart(signals: Program) -> None:
    assert {"convolution", "pools.0", "linear.linear", "linear.linear_1", "largest.amax"} <= set(signals.layers)


def test_open_batch_is_bound_to_one(signals: Program) -> None:
    assert any("dynamic batch" in note and "bound to 1" in note for note in signals.compiled.notes)
    assert [tensor.shape for tensor in signals.host.inputs] == [[1, 64, 4]]


def test_quantized_program_is_integers_but_for_its_ends(integers: Program) -> None:
    """Each operator of integers; they are PyTorch's but where it rounds a float sum beside the exact one: a step."""
    assert integers.compiled.description == "PyTorch, int8"
    ends = {*integers.compiled.inputs, *integers.compiled.outputs}
    assert {tensor.c_name for tensor in integers.compiled.tensors if tensor.dtype == "float32"} == ends
    found = integers.difference(samples=5)
    assert found.step > 0
    assert found.within(steps=1, tolerance=0)
    assert found.differing <= 1e-4 * found.values


def test_command_line_gives_the_same_bytes_elsewhere_and_prints_no_more(
    integers: Program, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / integers.path.name).write_bytes(integers.path.read_bytes())
    options = ["--name", "net", "--cpu", "cortex-m4", "-o", str(tmp_path / "c")]
    assert main(["compile", str(tmp_path / integers.path.name), *options]) == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "c").iterdir()} == emit(integers.compiled)
    assert capfd.readouterr() == (f"{summary(integers.compiled)}\n", "")


class Narrow(torch.nn.Module):  # type: ignore[misc,name-defined]
    """As for processors whose sums of 8-bit products have 16 bits."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bounds = 0.5, 3, 0, 127, torch.uint8
        x = torch.ops.quantized_decomposed.quantize_per_tensor(x, *bounds)
        return torch.ops.quantized_decomposed.dequantize_per_tensor(x, *bounds)


def test_quantization_with_narrower_bounds(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Read in silence, from a file that is known by its content."""
    loaded = load_model(save(Narrow().eval(), tmp_path / "narrow.bin", torch.zeros(1, 20)))
    assert capfd.readouterr() == ("", "")
    assert loaded.format == "PyTorch"
    clamp, quantize, dequantize = loaded.network.operators
    assert clamp.attributes == Clamp(Activation(-1.5, 62.0))
    assert (quantize.attributes, dequantize.attributes) == (Quantize(), Dequantize())
