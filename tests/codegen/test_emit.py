# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.tiny_models import mirror, tiny, total
from tests.toolchains import C99, HOST, TOOLCHAINS, Toolchain
from tvm_stm32.codegen.artifacts import RUNTIME_FILES, artifact_names
from tvm_stm32.codegen.compiled_model import CompiledModel, Parameter
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts

MODELS = {"tiny": tiny(), "tiny_application": tiny("tiny", "application", "application", "hard"), "total": total()}
HOSTILE = '*/ } "quote" \\ ??/ /* é日\n\r\x00\x7f %s ' + "long/" * 60


def hostile() -> CompiledModel:
    """``tiny`` with every text that comes from a model file replaced by one that tries to get out."""
    model = tiny()
    return msgspec.structs.replace(
        model,
        source=HOSTILE,
        description=HOSTILE,
        tensors=[msgspec.structs.replace(tensor, name=HOSTILE) for tensor in model.tensors],
        parameters=[msgspec.structs.replace(parameter, comment=HOSTILE) for parameter in model.parameters],
        kernels=[msgspec.structs.replace(kernel, comment=HOSTILE) for kernel in model.kernels],
        calls=[msgspec.structs.replace(c, layer=HOSTILE, operator=HOSTILE, variant=HOSTILE) for c in model.calls],
        versions={HOSTILE: HOSTILE},
        notes=[HOSTILE],
    )


@pytest.mark.parametrize("key", MODELS)
def test_files_are_the_golden_ones(key: str, golden: Callable[[str, str], None]) -> None:
    for file, content in emit(MODELS[key]).items():
        if file not in RUNTIME_FILES:
            golden(f"emit/{key}/{file}", content.decode("utf-8"))


def test_the_set_of_files_is_fixed() -> None:
    assert list(emit(tiny("one"))) == artifact_names("one")
    assert list(emit(mirror("two"))) == artifact_names("two")


def test_another_process_emits_the_same_bytes() -> None:
    code = (
        "import hashlib\nfrom tests.tiny_models import tiny\nfrom tvm_stm32.codegen.emit import emit\n"
        "print(hashlib.sha256(repr(emit(tiny())).encode()).hexdigest())"
    )
    digests = {
        subprocess.check_output(
            [sys.executable, "-c", code],
            text=True,
            timeout=60,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=lambda toolchain: toolchain.name)
def test_compilers_have_nothing_to_say(toolchain: Toolchain, tmp_path: Path) -> None:
    models = [tiny("tiny"), tiny("outside", "application", "application"), total(), mirror()]
    for model in models:
        write_artifacts(emit(model), tmp_path)
    sources = sorted(path.name for path in tmp_path.glob("*.c"))
    for level in ("-Os", "-O3"):
        assert toolchain.compile(tmp_path, *C99, level, "-ffunction-sections", "-fdata-sections", "-c", *sources) == ""


@pytest.mark.parametrize("toolchain", TOOLCHAINS[:3], ids=lambda toolchain: toolchain.name)
def test_names_from_the_model_are_only_data(toolchain: Toolchain, tmp_path: Path) -> None:
    files = emit(hostile())
    write_artifacts(files, tmp_path)
    toolchain.compile(tmp_path, *C99, "-c", *sorted(path.name for path in tmp_path.glob("*.c")))
    for file in set(files) - {"tiny.json", *RUNTIME_FILES}:
        assert files[file].isascii()
        assert max(map(len, files[file].decode().splitlines())) <= 120
    assert msgspec.json.decode(files["tiny.json"])["tensors"][0]["name"] == HOSTILE


def test_new_weights_change_the_weights_only() -> None:
    model = tiny()
    first, *others = model.parameters
    changed = msgspec.structs.replace(
        model,
        signature="e" * 64,
        parameters=[Parameter(first.c_name, first.dtype, b"\x01\x02", first.count, first.comment), *others],
    )
    before, after = emit(model), emit(changed)
    assert {file for file in before if before[file] != after[file]} == {"tiny_weights.c", "tiny.json"}


def test_infinite_parameters_compile(tmp_path: Path) -> None:
    model = tiny()
    infinite = msgspec.structs.replace(model.parameters[-1], values=b"\x00\x00\x80\x7f\x00\x00\xc0\xff")
    files = emit(msgspec.structs.replace(model, parameters=[*model.parameters[:-1], infinite]))
    assert b"{INFINITY, NAN}" in files["tiny_weights.c"]
    write_artifacts(files, tmp_path)
    HOST.compile(tmp_path, *C99, "-c", "tiny_weights.c")


def test_the_run_function_is_a_sequence_of_calls() -> None:
    text = emit(tiny())["tiny.c"].decode()
    run = text[text.index("static void tiny_run") : text.index("\n}\n")]
    calls = [line.strip() for line in run.splitlines() if line.strip().startswith("tiny_")]
    assert calls == [
        "tiny_scale_0(input_0, p->scale_0_weights, p->scale_0_shifts, p->scale_0_bias, tensor_2);",
        "tiny_add_0(tensor_2, input_1, tensor_3);",
        "tiny_running_sum_0(tensor_3, (void *)&arena[8], output_0);",
        "tiny_dequantize_0(output_0, p->dequantize_3_scales, output_1);",
    ]
    assert not {"if", "for", "while", "switch", "return"} & set(run.replace("(", " ").split())
