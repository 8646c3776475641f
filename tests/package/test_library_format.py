# SPDX-License-Identifier: Apache-2.0
"""Archives in Model Library Format: written, read back, built from, and refused where they are not what they should."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from packages import CLASSES, SAMPLES, classifier
from toolchains import WARNINGS

from tvm_stm32.cli import main
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.errors import ModelError
from tvm_stm32.model.library_format import read_source
from tvm_stm32.model.load import load_model
from tvm_stm32.package.library_format.archive import library_archive
from tvm_stm32.package.library_format.parameters import save_parameters

SOURCE = classifier()
SETTINGS = Settings("kws", "balanced", "cortex-m4", "", "any", "arena", "arena", api=("tvm-aot",))

CLIENT = """
#include "tvm/runtime/crt/platform.h"
#include "tvmgen_kws.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const signed char samples[3][3] = {%s};
static _Alignas(16) unsigned char workspace[TVMGEN_KWS_WORKSPACE_SIZE];

/* What every client of the format has. */
tvm_crt_error_t TVMPlatformMemoryAllocate(size_t size, DLDevice device, void **block)
{
    (void)device;
    *block = malloc(size);
    return *block ? kTvmErrorNoError : kTvmErrorPlatformNoMemory;
}

tvm_crt_error_t TVMPlatformMemoryFree(void *block, DLDevice device)
{
    (void)device;
    free(block);
    return kTvmErrorNoError;
}

int main(void)
{
    struct tvmgen_kws_workspace_pools pools = {workspace, NULL};
    for (int i = 0; i < 3; i++) {
        memcpy(tvmgen_kws_map_inputs(&pools).t0, samples[i], TVMGEN_KWS_T0_SIZE);
        if (tvmgen_kws_run(&pools) != 0) {
            return 1;
        }
        const signed char *scores = tvmgen_kws_map_outputs(&pools).output;
        int best = scores[1] > scores[0];
        printf("%%d ", scores[2] > scores[best] ? 2 : best);
    }
    puts("");
    return 0;
}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CompiledModel:
    file = tmp_path_factory.mktemp("model") / "small.tflite"
    file.write_bytes(SOURCE)
    return compile_in_child(file, SETTINGS)


@pytest.fixture(scope="module")
def archive(model: CompiledModel) -> bytes:
    return library_archive(model, SOURCE)


def members(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def tar_of(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


# --- what is written -------------------------------------------------------------------------------------------------


def test_members_have_the_layout_and_no_owner_or_date(archive: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = tar.getmembers()
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime, m.mode) for m in found} == {(0, 0, "root", "root", 0, 0o644)}
    names = [member.name for member in found]
    assert names[0] == "metadata.json"
    assert {"codegen/host/src/kws_lib0.c", "codegen/host/include/tvmgen_kws.h", "parameters/kws.params"} <= set(names)
    assert [name for name in names if name.startswith("src/")] == ["src/small.tflite"]


def test_same_model_gives_the_same_bytes(model: CompiledModel, archive: bytes) -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(model), type=CompiledModel)
    assert library_archive(again, SOURCE) == archive


def test_metadata(model: CompiledModel, archive: bytes) -> None:
    metadata = json.loads(members(archive)["metadata.json"])
    assert metadata["version"] == 7
    module = metadata["modules"]["kws"]
    assert module.keys() == {
        *("model_name", "export_datetime", "memory", "target", "executors", "style", "external_dependencies"),
        "tvm_stm32",
    }
    settings = {"cpu": "cortex-m4", "part": "", "float_abi": "any", "optimize": "balanced", "keep_channels": False}
    assert module["tvm_stm32"] == settings | {"inputs": "arena", "outputs": "arena"}
    assert (module["model_name"], module["executors"], module["style"]) == ("kws", ["aot"], "full-model")
    (main_function,) = module["memory"]["functions"]["main"]
    assert main_function["inputs"] == {"t0": {"size": 3, "dtype": "int8"}}
    assert [list(entry.values()) for entry in main_function["outputs"].values()] == [[3, "int8"]]
    assert main_function["io_size_bytes"] == 6
    assert main_function["constants_size_bytes"] == model.parameters_size
    header = members(archive)["codegen/host/include/tvmgen_kws.h"].decode()
    assert f"#define TVMGEN_KWS_WORKSPACE_SIZE {main_function['workspace_size_bytes']}\n" in header
    functions = module["memory"]["functions"]["operator_functions"]
    assert [function["function_name"] for function in functions] == [kernel.c_name for kernel in model.kernels]
    assert module["external_dependencies"][0]["url"] == "./runtime"


def test_parameters_are_read_by_tvm(model: CompiledModel) -> None:
    from tvm.runtime import load_param_dict

    floats = msgspec.structs.replace(
        model.parameters[0], c_name="floats", dtype="float32", values=np.float32([1.5, -2]).tobytes(), count=2
    )
    parameters = [*model.parameters, floats]
    loaded = load_param_dict(save_parameters(parameters))
    assert set(loaded.keys()) == {parameter.c_name for parameter in parameters}
    for parameter in parameters:
        expected = np.frombuffer(parameter.values, parameter.dtype)
        np.testing.assert_array_equal(loaded[parameter.c_name].numpy(), expected)


def test_archive_is_all_that_a_build_needs(archive: bytes, tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tmp_path, filter="data")
    samples = ", ".join("{" + ", ".join(map(str, sample)) + "}" for sample in SAMPLES)
    (tmp_path / "client.c").write_text(CLIENT % samples)
    include = ["-Icodegen/host/include", "-Iruntime/include"]
    sources = [
        file.relative_to(tmp_path)
        for place in ("codegen/host", "runtime")
        for file in tmp_path.glob(f"{place}/src/*.c")
    ]
    run = {"cwd": tmp_path, "check": True, "timeout": 120}
    subprocess.run(["gcc", "-std=c99", *WARNINGS, *include, "-c", *sources], **run)
    subprocess.run(["ar", "rcD", "libkws.a", *(f"{file.stem}.o" for file in sources)], **run)
    subprocess.run(["gcc", "-std=c11", *include, "client.c", "libkws.a", "-lm", "-o", "client"], **run)
    done = subprocess.run([tmp_path / "client"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == CLASSES


# --- what is read back -----------------------------------------------------------------------------------------------


def test_compiles_to_the_same_model(model: CompiledModel, archive: bytes, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.tar").write_bytes(archive)
    assert compile_in_child(tmp_path / "elsewhere.tar", SETTINGS) == model


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], archive: bytes) -> None:
    (tmp_path / "small.tflite").write_bytes(SOURCE)
    command = ["export-mlf", str(tmp_path / "small.tflite"), "--name", "kws", "--cpu", "cortex-m4", "-o"]
    assert main([*command, str(tmp_path / "new" / "kws.tar")]) == 0
    assert (tmp_path / "new" / "kws.tar").read_bytes() == archive
    assert f"kws.tar: {len(archive):,} bytes\n" in capsys.readouterr().out


def test_file_whose_name_does_not_say_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.bin").write_bytes(SOURCE)
    command = ["export-mlf", str(tmp_path / "model.bin"), "--name", "kws", "--cpu", "cortex-m4", "-o"]
    assert main([*command, str(tmp_path / "kws.tar")]) == 2
    assert "its name in the archive must say what it is: .tflite or .onnx" in capsys.readouterr().err
    assert not (tmp_path / "kws.tar").exists()


def test_error_in_an_archived_model_names_the_archive(archive: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kws.tar"
    path.write_bytes(tar_of(members(archive) | {"src/small.tflite": b"no model"}))
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert caught.value.where.startswith(f"{path}: small.tflite")


# --- what is refused -------------------------------------------------------------------------------------------------


def changed(**fields: Any) -> Callable[[dict[str, bytes]], bytes]:
    """An archive with other fields in its metadata."""

    def change(files: dict[str, bytes]) -> bytes:
        return tar_of(files | {"metadata.json": json.dumps(json.loads(files["metadata.json"]) | fields).encode()})

    return change


def without(name: str) -> Callable[[dict[str, bytes]], bytes]:
    return lambda files: tar_of({other: content for other, content in files.items() if other != name})


def with_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Callable[[dict[str, bytes]], bytes]:
    """An archive with one member more, of any kind."""

    def change(files: dict[str, bytes]) -> bytes:
        stream = io.BytesIO(tar_of(files))
        with tarfile.open(fileobj=stream, mode="a") as tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
        return stream.getvalue()

    return change


def text_of_metadata(change: Callable[[str], str]) -> Callable[[dict[str, bytes]], bytes]:
    return lambda files: tar_of(files | {"metadata.json": change(files["metadata.json"].decode()).encode()})


MODULE = {"model_name": "kws"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (with_member("../outside.c"), "a member outside of itself: ../outside.c"),
        (with_member("src/../../outside.c"), "a member outside of itself"),
        (with_member("/etc/passwd"), "a member outside of itself: /etc/passwd"),
        (with_member("src\\..\\outside.c"), "a member outside of itself"),
        (with_member("C:/outside.c"), "a member outside of itself"),
        (with_member("src/link.tflite", tarfile.SYMTYPE, "/etc/passwd"), "a link or a device: src/link.tflite"),
        (with_member("src/link", tarfile.LNKTYPE, "metadata.json"), "a link or a device: src/link"),
        (with_member("src/device", tarfile.CHRTYPE), "a link or a device: src/device"),
        (with_member("src/pipe", tarfile.FIFOTYPE), "a link or a device: src/pipe"),
        (with_member("metadata.json"), "two members metadata.json"),
        (with_member("./metadata.json"), "two members metadata.json"),
        (changed(version=5), "version 5 of the format, this reads 7"),
        (changed(version=8), "version 8 of the format"),
        (changed(version="7"), "version 7 of the format"),
        (changed(modules={}), "not one model, but none"),
        (changed(modules={"kws": MODULE, "vww": {"model_name": "vww"}}), "not one model, but kws, vww"),
        (changed(modules={"vww": MODULE}), "contradicts itself about the model vww"),
        (changed(modules={"kws": MODULE | {"tvm_stm32": {"cpu": 4}}}), "settings that are none: .*cpu"),
        (changed(modules={"../kws": {"model_name": "../kws"}}), "contradicts itself"),
        (text_of_metadata(lambda text: text.replace('"kws": {', '"kws": {}, "kws": {')), "several modules, .* kws"),
        (text_of_metadata(lambda text: text[:-9]), "metadata.json is no JSON"),
        (text_of_metadata(lambda _: "[]"), "version None of the format"),
        (without("metadata.json"), "lacks metadata.json"),
        (without("codegen/host/src/kws_lib0.c"), "lacks codegen/host/src/kws_lib0.c"),
        (without("codegen/host/include/tvmgen_kws.h"), "lacks codegen/host/include/tvmgen_kws.h"),
        (without("parameters/kws.params"), "lacks parameters/kws.params"),
        (without("src/small.tflite"), "no one model file in src/, but nothing"),
        (with_member("src/other.onnx"), "no one model file in src/, but src/small.tflite, src/other.onnx"),
        (lambda files: tar_of(files)[:5000], "damaged|ends within"),
    ],
)  # fmt: skip
def test_refused(archive: bytes, change: Callable[[dict[str, bytes]], bytes], problem: str) -> None:
    with pytest.raises(ModelError, match=problem) as caught:
        read_source(change(members(archive)), "some.tar")
    assert caught.value.where == "some.tar"
    assert caught.value.hint


def test_archive_of_tvm_has_no_model_file(archive: bytes) -> None:
    files = members(archive)
    files["src/kws.relay"] = files.pop("src/small.tflite")
    with pytest.raises(ModelError, match=r"no one model file in src/, but src/kws\.relay") as caught:
        read_source(tar_of(files), "some.tar")
    assert caught.value.hint == "compile the file that it was made from: .tflite, .onnx, .pt2"
