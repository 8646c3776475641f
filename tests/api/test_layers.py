# SPDX-License-Identifier: Apache-2.0
"""What holds for every layer: files known beforehand, headers that stand alone, code that stays thin."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from tflite.BuiltinOperator import BuiltinOperator

from tests.api.layered import layered
from tests.tiny_models import mirror, tiny, total
from tests.toolchains import C99, HOST, M4, M4_HARD, TOOLCHAINS, WARNINGS, Toolchain
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import LAYERS, Interface, choose
from tvm_stm32.api.layer import Layer
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.operator_codes import _ONNX, _TFLITE, operator_code
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError

ALL = ",".join(LAYERS)
#: bytes of machine code of a layer, all functions but those of observers and of operators by name; and of what each
#: model adds to it
LIMIT = 1024
LIMIT_OF_A_MODEL = 256


def interface_of(api: str, observer: str = "auto") -> Interface:
    return choose(api, observer)


def name_of(layer: Layer) -> str:
    return layer.name


def public_headers(layer: Layer, model: str) -> list[str]:
    return [file for file in layer.files(model) if file.endswith(".h") and "/tvm_ai_" not in file]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four models with all interfaces, one of them with an accelerator."""
    folder = tmp_path_factory.mktemp("layers")
    for model in (tiny(), total(), mirror()):
        write_artifacts(emit_library(layered(model, ALL)), folder)
    outside = layered(tiny("outside", "application", "application"), ALL, accelerator="yes")
    write_artifacts(emit_library(outside), folder)
    return folder


@pytest.mark.parametrize("observer", ["auto", "yes", "no"])
@pytest.mark.parametrize("api", ["native", *LAYERS, ALL])
def test_files_are_known_before_they_are_written(api: str, observer: str) -> None:
    interface = choose(api, observer)
    assert list(emit_library(layered(tiny(), api, observer))) == interface.artifact_names("tiny")
    assert set(interface.header_names("tiny")) | set(interface.source_names("tiny")) < set(
        interface.artifact_names("tiny")
    )
    for folder in interface.include_folders():
        assert any(str(Path(header).parent) == folder for header in interface.header_names("tiny"))


def test_the_native_interface_is_what_there_is_without_layers() -> None:
    assert emit_library(tiny()) == emit(tiny())
    with_layers = emit_library(layered(tiny(), ALL))
    for file, content in emit(tiny()).items():
        assert file.endswith(".json") or with_layers[file] == content, file


@pytest.mark.parametrize("layer", LAYERS.values(), ids=name_of)
def test_a_header_says_what_may_be_called_from_where(layer: Layer, folder: Path) -> None:
    texts = [(folder / header).read_text() for header in public_headers(layer, "tiny")]
    assert sum("Where from: the main program" in text for text in texts) == 1


def test_include_folders_follow_the_choice() -> None:
    assert choose("native").include_folders() == ["."]
    assert choose("x-cube-ai").include_folders() == ["api/x_cube_ai", "."]
    assert choose(["native", "x-cube-ai"]).include_folders() == [".", "api/x_cube_ai"]


@pytest.mark.parametrize(
    ("api", "what"),
    [("x-cube", "there is no interface 'x-cube'"), ("native,tflite", "there is no interface 'tflite'"), ("", "no i")],
)
def test_other_names_are_refused(api: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what) as refused:
        choose(api)
    assert all(name in refused.value.hint for name in ("native", *LAYERS))


def test_asking_for_names_imports_nothing_heavy() -> None:
    code = (
        "import sys, tvm_stm32.api.interface\n"
        "print(sorted({'tvm', 'numpy', 'jinja2', 'msgspec', 'onnx', 'tflite'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).strip() == "[]"


def test_numbers_of_operators_are_those_of_the_schema() -> None:
    assert {name: getattr(BuiltinOperator, name) for name in _TFLITE} == _TFLITE
    assert set(_ONNX.values()) <= set(_TFLITE)
    assert (operator_code("Conv"), operator_code("CONV_2D"), operator_code("NOBODY_KNOWS")) == (3, 3, 32)


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=lambda toolchain: toolchain.name)
def test_compilers_have_nothing_to_say(toolchain: Toolchain, folder: Path) -> None:
    sources = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.c"))
    assert toolchain.compile(folder, *C99, "-fsyntax-only", *sources) == ""


@pytest.mark.parametrize("toolchain", [HOST, M4_HARD], ids=lambda toolchain: toolchain.name)
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_each_header_stands_alone(layer: Layer, toolchain: Toolchain, folder: Path) -> None:
    for header in public_headers(layer, "tiny"):
        text = f'#include "{header}"\n#include "{header}"\nextern int something;\n'
        for name, command in {"one.c": "gcc", "one.cpp": "g++"}.items():
            if layer.cxx and command == "gcc":
                continue
            (folder / name).write_text(text)
            compiler = (toolchain.command[0].replace("gcc", command), *toolchain.command[1:])
            language = C99 if command == "gcc" else ["-std=c++17", *WARNINGS]
            Toolchain(command, compiler).compile(folder, *language, "-Wundef", "-fsyntax-only", name)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(LAYERS, 2)))
def test_layers_that_collide_say_so(one: str, other: str, folder: Path) -> None:
    headers = [f"{header}" for name in (one, other) for header in public_headers(LAYERS[name], "tiny")]
    (folder / "both.c").write_text("".join(f'#include "{header}"\n' for header in headers) + "extern int some;\n")
    cxx = LAYERS[one].cxx or LAYERS[other].cxx
    language = ["-x", "c++", "-std=c++17", *WARNINGS] if cxx else C99
    command = [*HOST.command, *language, "-fsyntax-only", "both.c"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    collides = other in LAYERS[one].excludes or one in LAYERS[other].excludes
    assert ("#error" in done.stderr) == collides, done.stderr
    assert (done.returncode == 0) != collides


def test_libraries_linked_as_a_whole_share_one_runtime(folder: Path, tmp_path: Path) -> None:
    """Each library of a firmware holds the runtime; with --whole-archive all are linked, and the first counts."""
    objects = []
    for source in sorted(folder.rglob("tvm_ai*.c")):
        objects.append(f"{source.stem}.o")
        HOST.compile(tmp_path, *C99, "-c", str(source), "-o", objects[-1])
    assert len(objects) > len(LAYERS)
    HOST.compile(tmp_path, "-nostdlib", "-r", *objects, *objects, "-o", "both.o")


def code_size(path: Path) -> int:
    """Bytes of machine code in an object."""
    with path.open("rb") as stream:
        return sum(s["sh_size"] for s in ELFFile(stream).iter_sections() if s.name.startswith(".text"))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_a_layer_is_thin(layer: Layer, folder: Path, tmp_path: Path) -> None:
    extras = ("observer.c", "_functions.c")
    files = [file for file in layer.files("tiny") if file.endswith(".c") and not file.endswith(extras)]
    sources = [str(folder / file) for file in files]
    M4.compile(tmp_path, *C99, "-Os", "-ffunction-sections", "-c", *sources)
    assert sum(code_size(path) for path in tmp_path.glob("tvm_ai_*.o")) <= LIMIT
    assert sum(code_size(path) for path in tmp_path.glob("tiny_*.o")) <= LIMIT_OF_A_MODEL


@pytest.mark.parametrize(("api", "apart"), [("x-cube-ai", "observer.c"), ("stai", "_details.c")])
def test_all_functions_of_a_model_fit_a_kilobyte(api: str, apart: str, folder: Path, tmp_path: Path) -> None:
    """Those of every model and those of one; x-cube-ai's observer belongs to no model."""
    sources = [str(folder / file) for file in LAYERS[api].files("tiny") if file.endswith(".c")]
    sources = [source for source in sources if not source.endswith(apart)]
    M4.compile(tmp_path, *C99, "-Os", "-ffunction-sections", "-c", *sources)
    assert sum(code_size(path) for path in tmp_path.glob("*.o")) <= LIMIT


#: layer -> headers, and an expression that makes a network, whose value is the error for another runtime version
VERSION_CHECKS = {
    "x-cube-ai": ('"total.h"', "ai_total_create(&(ai_handle){0}, 0).type", 0x01),
    "stm32-port": ('"total.h"', "ai_total_create(0, (uint8_t[16]){0})", 1),
    "stai": ('"total.h"', "stai_total_init((STAI_ALIGNED(8) stai_network[STAI_TOTAL_CONTEXT_SIZE]){0})", 0x060000),
    "tvm-aot": ('"tvmgen_total.h"', "tvmgen_total_run(&(struct tvmgen_total_workspace_pools){(int64_t[9]){0}})", 0x500),
    "tflm": (
        '"tensorflow/lite/micro/all_ops_resolver.h"\n#include "tensorflow/lite/micro/micro_interpreter.h"\n'
        '#include "total_model_data.h"',
        "tflite::MicroInterpreter(tflite::GetModel(g_total_model_data), tflite::AllOpsResolver(), "
        "*new uint8_t[1][99], 99).AllocateTensors()",
        1,
    ),
}


#: layers whose functions call kernels, and nothing of the runtime that could be of another version
WITHOUT_RUNTIME = {"glow"}


@pytest.mark.parametrize("layer", [layer for name, layer in LAYERS.items() if name not in WITHOUT_RUNTIME], ids=name_of)
def test_another_version_of_the_runtime_is_refused(layer: Layer, tmp_path: Path) -> None:
    header, create, expected = VERSION_CHECKS[layer.name]
    model = layered(total(), layer.name)
    write_artifacts(emit_library(model), tmp_path)
    generated = (tmp_path / "total.c").read_text()
    (tmp_path / "client").mkdir()
    program = f'#include {header}\n#include <stdio.h>\nint main(void)\n{{\n    printf("%d", (int){create});\n}}\n'
    main = f"client/main.{'cc' if layer.cxx else 'c'}"
    (tmp_path / main).write_text(program)
    sources = interface_of(layer.name).source_names("total")
    needed_alone = ["-ffunction-sections", "-Wl,--gc-sections", f"-Iapi/{layer.folder}"]
    objects = [f"{Path(source).stem}.o" for source in sources]
    compiler = Toolchain("client", ("g++", "-std=c++17") if layer.cxx else ("gcc", "-std=c99"))
    for version, code in {1: 0, 2: expected}.items():
        (tmp_path / "total.c").write_text(generated.replace(".api_version = 1", f".api_version = {version}"))
        HOST.compile(tmp_path, "-std=c99", *needed_alone, "-c", *sources)
        compiler.compile(tmp_path, *needed_alone, main, *objects, "-o", "main")
        done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, timeout=30, check=True)
        assert int(done.stdout) == code
