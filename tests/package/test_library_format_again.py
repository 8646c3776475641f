# SPDX-License-Identifier: Apache-2.0
"""An archive brings its settings: with nothing said, it compiles to the bytes that its model file compiles to."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from small_networks import write_with_weights_beside
from tiny_models import tiny

from tests.package.test_library_format import members, tar_of
from tvm_stm32.api.emit import emit_library
from tvm_stm32.cli import main
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.command import add_arguments, settings_of
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.errors import ModelError, SettingsError
from tvm_stm32.model.load import load_model
from tvm_stm32.model.model_file import whole_model
from tvm_stm32.package.library_format.archive import library_archive

#: unlike the defaults, all of them
UNUSUAL = Settings("net", "time", "cortex-m7", "STM32H745ZIT6@m7", "soft", "application", "application", True)


def options_of(settings: Settings) -> list[str]:
    """The command line's."""
    chosen = {name: getattr(settings, name) for name in ("name", "part", "optimize", "inputs", "outputs", "float_abi")}
    words = [word for name, value in chosen.items() for word in (f"--{name.replace('_', '-')}", value)]
    return words + ["--keep-channels"] * settings.keep_channels


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a model whose weights are beside it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("exported")
    model = write_with_weights_beside(folder / "a model.onnx")
    assert main(["export-mlf", str(model), *options_of(UNUSUAL), "-o", str(folder / "new/net.tar")]) == 0
    return folder / "new/net.tar"


def test_compiles_to_the_same_files_with_nothing_said(exported: Path, tmp_path: Path) -> None:
    """Weights in another file included: the archive holds the whole model, and is enough in any folder."""
    expected = emit_library(compile_in_child(exported.parents[1] / "a model.onnx", UNUSUAL))
    assert main(["compile", str(exported), "-o", str(tmp_path)]) == 0
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == expected
    assert json.loads(expected["net.json"])["settings"]["part"] == UNUSUAL.part


def test_validate_takes_it(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    assert main(["validate", str(exported), "--samples", "3"]) == 0
    assert "net.tar beside onnxruntime, 3 random inputs" in capsys.readouterr().out


def test_external_weights_count(tmp_path: Path) -> None:
    """A change in the other file is another model; one that is missing is told of."""
    model = write_with_weights_beside(tmp_path / "net.onnx")
    before = load_model(model).signature
    weights = bytearray((tmp_path / "w.bin").read_bytes())
    weights[0] ^= 1
    (tmp_path / "w.bin").write_bytes(weights)
    assert load_model(model).signature != before
    (tmp_path / "w.bin").unlink()
    with pytest.raises(ModelError, match="the external weights cannot be read"):
        whole_model(model.read_bytes(), tmp_path)


# --- what wins -------------------------------------------------------------------------------------------------------


def chosen(archive: Path, *options: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return settings_of(parser.parse_args([str(archive), *options, "-o", "out"]))[0]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "net.tar"
    compiled = msgspec.structs.replace(tiny(), settings=msgspec.structs.replace(UNUSUAL, api=("tvm-aot",)))
    path.write_bytes(library_archive(msgspec.structs.replace(compiled, source="net.tflite"), b"a model"))
    return path


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ("", {}),
        ("--name kws --optimize ram", {"name": "kws", "optimize": "ram"}),
        ("--inputs arena --no-keep-channels", {"inputs": "arena", "keep_channels": False}),
        ("--float-abi hard", {"float_abi": "hard"}),
        ("--part STM32F405RG", {"part": "STM32F405RG", "cpu": "cortex-m4", "float_abi": "hard"}),
        ("--cpu cortex-m0", {"part": "", "cpu": "cortex-m0", "float_abi": "any"}),
        ("--api stai", {"api": ("stai",), "observer": True}),
    ],
)
def test_given_options_win(archive: Path, options: str, changes: dict[str, Any]) -> None:
    assert chosen(archive, *options.split()) == msgspec.structs.replace(UNUSUAL, **changes)


def test_archive_without_settings(archive: Path, tmp_path: Path) -> None:
    """Of its own it has the name."""
    files = members(archive.read_bytes())
    metadata = json.loads(files["metadata.json"])
    del metadata["modules"]["net"]["tvm_stm32"]
    old = tmp_path / "old.tar"
    old.write_bytes(tar_of(files | {"metadata.json": json.dumps(metadata).encode()}))
    assert chosen(old, "--cpu", "cortex-m4") == Settings("net", "balanced", "cortex-m4", "", "any", "arena", "arena")
    with pytest.raises(SettingsError, match="for which part"):
        chosen(old)
