# SPDX-License-Identifier: Apache-2.0
"""Several models as one Glow bundle: its firmware on an emulated STM32F405, its memories, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.layered import CLIENTS, layered
from tests.firmware.build import build_firmware
from tests.firmware.test_api import F405, tiny_line
from tests.tiny_models import tiny, total
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.glow.bundle import Bundle, Compiled, bundle_of, emit_bundle
from tvm_stm32.cli import main
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.manifest import decode_manifest
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import SettingsError

MODELS = [layered(model, "glow") for model in (tiny(), tiny("outside", "application", "application"), total())]


#: of the first two, with their offsets
PLACEHOLDERS = {"x_0": 0, "side": 8, "sums": 16, "real": 24}


def compiled(model: CompiledModel) -> Compiled:
    """As it is read back from the folder it was written to."""
    files, name = emit_library(model), model.settings.name
    return Compiled(decode_manifest(files[f"{name}.json"]), files.get(f"api/glow/{name}.weights.bin", b""))


def trio() -> Bundle:
    return bundle_of("trio", [compiled(model) for model in MODELS])


def test_on_the_f405(tmp_path: Path) -> None:
    write_artifacts(emit_bundle(trio()), tmp_path)
    firmware = build_firmware("glow_bundle", MODELS, F405, tmp_path, programs=CLIENTS, others=["trio_glow.c"])
    run = run_elf(firmware, machine_for_part(F405))
    assert run.output.splitlines() == [
        tiny_line("tiny", 1),
        tiny_line("outside", 2),
        "total: 10",
        *(f"tiny_{name} at {at}, 8 elements" for name, at in PLACEHOLDERS.items()),
        *(f"outside_{name} at {64 + at}, 8 elements" for name, at in PLACEHOLDERS.items()),
        "total_values at 128, 4 elements",
        "total_sum at 136, 1 elements",
        "done",
    ]
    assert run.status == 0


def test_equal_constants_are_there_once() -> None:
    bundle = trio()
    assert [entry.constant for entry in bundle.entries] == [0, 0, 64]
    assert bundle.sizes == {"constant": 128, "mutable": 192, "activations": 64}
    assert bundle.constants == compiled(MODELS[0]).constants + compiled(MODELS[2]).constants


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in MODELS:
        write_artifacts(emit_library(model), tmp_path / model.settings.name)
    manifests = [str(tmp_path / name / f"{name}.json") for name in ("tiny", "outside", "total")]
    assert main(["glow-bundle", "trio", *manifests, "-o", str(tmp_path / "out")]) == 0
    entries = "trio_tiny, trio_outside, trio_total"
    assert capsys.readouterr().out == f"trio: {entries}; bytes of memory: constant 128, mutable 192, activations 64\n"
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == emit_bundle(trio())
    (tmp_path / "tiny" / "api" / "glow" / "tiny.weights.bin").unlink()
    assert main(["glow-bundle", "trio", *manifests, "-o", str(tmp_path / "out")]) == 2
    assert "the weights beside it, cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "models", "what"),
    [
        ("one", MODELS[:1], "tiny are no bundle one"),
        ("twice", [MODELS[0], MODELS[0]], "tiny, tiny are no bundle twice"),
        ("tiny", MODELS, "are no bundle tiny"),
        ("pair", [MODELS[0], layered(total(), "native")], "total has no entry point of Glow"),
    ],
)
def test_refused(name: str, models: list[CompiledModel], what: str) -> None:
    with pytest.raises(SettingsError, match=what) as refused:
        bundle_of(name, [compiled(model) for model in models])
    assert refused.value.hint
