# SPDX-License-Identifier: Apache-2.0
"""Many layers in one firmware: each compiled, checked against TFLM on the emulated core, and counted by itself."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from harness import CORES, Harness
from layer_shapes import Layer
from reference_run import run_reference, sample_inputs

from tvm_stm32.codegen.compile import compile_model
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.emit import emit

HERE = Path(__file__).resolve().parent
ROUNDS = 2
#: what the harness has room for: inputs and expected outputs of all rounds
MOST_DATA = 2_000_000


@dataclass(frozen=True)
class Figures:
    """What one layer took."""

    layer: Layer
    cpu: str
    optimize: str
    variant: str
    instructions: int
    cycles: int
    ram: int
    weights: int
    max_diff: float
    different: int

    @property
    def per_mac(self) -> float:
        """Cycles per multiply-accumulate."""
        return self.cycles / self.layer.macs

    @property
    def ratio(self) -> float:
        """Cycles relative to the layer's yardstick."""
        return self.cycles / self.layer.yardstick

    def row(self) -> dict[str, Any]:
        """For a table or JSON."""
        figures = {name: value for name, value in asdict(self).items() if name != "layer"}
        shape = {"layer": self.layer.describe(), "family": self.layer.family, "macs": self.layer.macs}
        return shape | figures | {"cycles_per_mac": round(self.per_mac, 3), "ratio": round(self.ratio, 3)}


def batches(layers: Sequence[Layer], size: int) -> list[list[Layer]]:
    """`layers` in groups of similar tensors, each of at most `size` layers and as large as the harness has room for."""
    groups: list[list[Layer]] = []
    for layer in sorted(layers, key=lambda layer: -layer.largest_tensor):
        room = MOST_DATA // (2 * ROUNDS * groups[-1][0].largest_tensor) if groups else 0
        if not groups or len(groups[-1]) >= min(size, room):
            groups.append([])
        groups[-1].append(layer)
    return groups


def measure(layers: Sequence[Layer], cpu: str, optimize: str, flags: str, bench: Path, out: Path) -> list[Figures]:
    """Compile, run and count each of `layers`, all in one firmware."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "c"
        source.mkdir()
        models, records = [], []
        for layer in layers:
            content = layer.build()
            models.append(_compile(content, layer, cpu, optimize, source))
            inputs = sample_inputs(content)[:ROUNDS]
            records.append([(x[0], run_reference(content, x)[0]) for x in inputs])
        most = max(array.nbytes for rounds in records for pair in rounds for array in pair)
        name = f"layers_{layers[0].number}_{optimize}"
        _write_data(folder, name, records, most)
        (source / "layers.h").write_text(_header(models, most))
        harness = Harness(bench, out)
        result = harness.measure(name, name, folder, cpu, flags, source, [source, HERE / "layer_run.c"])
        found = np.load(result.elf.with_name("out.npy")).view(np.uint8).reshape(ROUNDS, len(layers), 8)
        figures = []
        for index, (layer, model) in enumerate(zip(layers, models, strict=True)):
            counted = harness.interval(result.elf, cpu, "layer_begin", "layer_end", index)
            figures.append(
                Figures(
                    layer,
                    cpu,
                    optimize,
                    " + ".join(call.variant for call in model.calls),
                    counted.instructions,
                    counted.cycles,
                    model.activations_size,
                    model.parameters_size,
                    max_diff=float(found[:, index, :4].copy().view(np.float32).max()),
                    different=int(found[:, index, 4:].copy().view(np.uint32).sum()),
                )
            )
        return figures


def _compile(content: bytes, layer: Layer, cpu: str, optimize: str, folder: Path) -> CompiledModel:
    """The layer's C, in `folder`."""
    path = folder.parent / f"layer_{layer.number}.tflite"
    path.write_bytes(content)
    settings = Settings(f"layer_{layer.number}", optimize, CORES[cpu], "", "any", "arena", "arena", keep_channels=True)
    model = compile_model(path, settings)
    for name, text in emit(model).items():
        if not name.endswith(".json"):
            (folder / name).write_bytes(text)
    return model


def _header(models: Sequence[CompiledModel], record: int) -> str:
    names = [model.settings.name for model in models]
    lines = [f'#include "{name}.h"' for name in names]
    lines.append(f"#define LAYER_ARENA {max(1, *(model.activations_size for model in models))}")
    lines.append(f"#define LAYER_RECORD {record}")
    lines.append("#define LAYERS(X) " + " ".join(f"X({name})" for name in names))
    return "\n".join(lines) + "\n"


def _write_data(
    folder: Path, name: str, records: Sequence[Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]]], most: int
) -> None:
    """What the harness wants: a specification, the inputs of all runs, and outputs, here nothing that differs."""
    (folder / "specs").mkdir()
    (folder / "data").mkdir()
    runs = [rounds[turn] for turn in range(ROUNDS) for rounds in records]
    content = b"".join(array.tobytes().ljust(most, b"\0") for pair in runs for array in pair)
    (folder / "data" / f"{name}_in.bin").write_bytes(content)
    np.save(folder / "data" / f"{name}_out.npy", np.zeros((len(runs), 8), np.int8))
    specification = {"name": name, "macs": 1, "dtype": "i8", "in_bytes": 2 * most, "out_bytes": 8}
    (folder / "specs" / f"{name}.json").write_text(json.dumps(specification))
