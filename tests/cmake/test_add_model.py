# SPDX-License-Identifier: Apache-2.0
"""tvm_stm32_add_model: a model that is compiled with the project that uses it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cmake_project import CMAKES, GENERATORS, TOOLCHAIN, Project, boot, in_words, run
from packages import CLASSES, PART, Application, classifier
from small_networks import write_with_weights_beside

import tvm_stm32
from tvm_stm32.codegen.artifacts import artifact_names, source_names
from tvm_stm32.emulator.firmware import read_firmware

PYTHON = f"TVM_STM32_PYTHON={sys.executable}"
CALL = "tvm_stm32_add_model(kws MODEL models/kws.tflite PART STM32F405RGT6 OPTIMIZE balanced)"

#: what a build says when it generates, compiles and links, with Ninja and with Make
STEPS = re.compile(r"(Generating C of the model kws|Building C object|Linking C \w+ \w+)(?: (?:\S*/)?(\w+\.[ac]\b))?")
LINKED = ["Linking C executable application", "Linking C static library libkws.a"]


@pytest.fixture
def folder(application: Application) -> Path:
    """The application's folder, with the model in it and its CMakeLists.txt compiling it."""
    folder = application()
    (folder / "models").mkdir()
    (folder / "models" / "kws.tflite").write_bytes(classifier())
    edit(folder, "find_package(kws CONFIG REQUIRED)", f"find_package(TvmStm32 CONFIG REQUIRED)\n{CALL}")
    return folder


@pytest.fixture(scope="module")
def tool(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Definitions that find the tool: a client has this repository as a submodule."""
    return PYTHON, f"TvmStm32_DIR={submodule(repository, tmp_path_factory.mktemp('tool') / 'third party') / 'cmake'}"


def submodule(repository: Path, folder: Path) -> Path:
    """A copy of what a client needs of this repository."""
    for part in ("cmake", "tvm_stm32"):
        shutil.copytree(repository / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    """Put `new` in place of `old` in the application's CMakeLists.txt."""
    lists = folder / "CMakeLists.txt"
    assert old in lists.read_text()
    lists.write_text(lists.read_text().replace(old, new))


def steps(said: str) -> list[str]:
    """What was generated, compiled and linked, sorted."""
    return sorted(" ".join(filter(None, match.groups())) for match in STEPS.finditer(said))


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_build_and_rebuild(folder: Path, tool: tuple[str, str], cmake: str, generator: str) -> None:
    """Each step runs when it must, and only then."""
    project = Project(folder, cmake, generator)
    project.configure(*tool)
    printed = project.build()
    everything = steps(printed)
    assert re.search(
        r"^libkws\.a\n  text .*\n(  .*\n)*  weights .*\n(  .*\n)*  activations .*\n  runtime ", printed, re.M
    )
    objects = sorted(f"Building C object {source}" for source in ["main.c", *source_names("kws")])
    assert everything == [*objects, "Generating C of the model kws", *LINKED]
    assert run(project.build_folder / "application") == CLASSES
    assert {file.name for file in (project.build_folder / "kws").iterdir()} == {*artifact_names("kws"), "kws.stamp"}

    assert steps(project.build()) == []

    os.utime(folder / "models" / "kws.tflite")
    assert steps(project.build()) == ["Generating C of the model kws"]
    assert steps(project.build()) == []

    project.build("--target", "clean")
    assert not list((project.build_folder / "kws").iterdir())


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
def test_new_weights_compile_the_weights_alone(folder: Path, tool: tuple[str, str], generator: str) -> None:
    project = Project(folder, generator=generator)
    project.configure(*tool)
    project.build()
    (folder / "models" / "kws.tflite").write_bytes(classifier(diagonal=32))
    again = ["Building C object kws_weights.c", "Generating C of the model kws"]
    assert steps(project.build()) == [*again, *LINKED]
    assert run(project.build_folder / "application") == CLASSES


def test_weights_in_another_file_are_part_of_the_model(folder: Path, tool: tuple[str, str]) -> None:
    path = write_with_weights_beside(folder / "models" / "kws.onnx", "the weights.bin")
    edit(folder, "kws.tflite", "kws.onnx")
    project = Project(folder)
    project.configure(*tool)
    query = ["ninja", "-C", project.build_folder, "-t", "query", "kws/kws.stamp"]
    said = subprocess.run(query, capture_output=True, text=True, timeout=60, check=True).stdout
    assert {str(path), str(path.with_name("the weights.bin"))} <= {line.strip() for line in said.splitlines()}


def test_new_setting_generates_again(folder: Path, tool: tuple[str, str]) -> None:
    project = Project(folder)
    project.configure(*tool)
    project.build()
    edit(folder, "OPTIMIZE balanced", "OPTIMIZE balanced INPUTS application ACCELERATOR yes")
    assert "Generating C of the model kws" in steps(project.build())
    manifest = (project.build_folder / "kws" / "kws.json").read_text()
    assert '"inputs": "application"' in manifest
    assert '"accelerator": true' in manifest
    assert (project.build_folder / "kws" / "tvm_ai_accelerator.h").is_file()


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
def test_new_generator_generates_again(folder: Path, generator: str, repository: Path) -> None:
    copy = submodule(repository, folder / "third party")
    project = Project(folder, generator=generator)
    project.configure(f"TvmStm32_DIR={copy / 'cmake'}", PYTHON)
    project.build()
    template = copy / "tvm_stm32" / "codegen" / "templates" / "weights.c.j2"
    template.write_text(template.read_text() + "/* the end */\n")
    again = ["Building C object kws_weights.c", "Generating C of the model kws"]
    assert steps(project.build()) == [*again, *LINKED]
    assert (project.build_folder / "kws" / "kws_weights.c").read_text().endswith("/* the end */\n")


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_model_for_the_part_of_the_toolchain_file_boots(folder: Path, tool: tuple[str, str], cmake: str) -> None:
    edit(folder, " PART STM32F405RGT6", "")
    project = Project(folder, cmake)
    project.configure(*tool, f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"TVM_STM32_PART={PART}")
    project.build()
    assert boot(PART, project.build_folder / "application.elf") == CLASSES
    assert f'"part": "{PART}"' in (project.build_folder / "kws" / "kws.json").read_text()


def test_flags_for_the_project_s_own_code_stay_there(folder: Path, tool: tuple[str, str]) -> None:
    edit(folder, CALL, f"add_compile_options(-Wconversion -Werror -O0 -pedantic -ffast-math -fshort-enums)\n{CALL}")
    project = Project(folder)
    project.configure(*tool)
    commands = project.build("-v").splitlines()
    (library,) = (line for line in commands if "kws_kernels.c.o -c" in line)
    (application,) = (line for line in commands if "main.c.o -c" in line)
    ours = "-w -fhosted -fno-lto -fno-fast-math -O2 -ffp-contract=off -ffunction-sections -fdata-sections"
    assert f"-fshort-enums {ours}" in library
    assert not {"-Wconversion", "-Werror", "-O0", "-pedantic", "-ffast-math"} & set(library.split())
    assert {"-Wconversion", "-Werror", "-O0", "-pedantic"} <= set(application.split())


def test_flags_of_the_whole_build_are_taken_back(folder: Path, tool: tuple[str, str]) -> None:
    project = Project(folder)
    flags = "-O0 -ffast-math -ffreestanding -flto -Wdeclaration-after-statement -Wunused-macros -Werror"
    project.configure(*tool, f"CMAKE_C_FLAGS={flags}")
    project.build("--target", "kws")
    asked = ["nm", "--undefined-only", project.build_folder / "libkws.a"]
    symbols = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    assert "memcpy" not in symbols.stdout  # as there is without builtins, for each load of four bytes
    assert "lto" not in symbols.stdout


def test_version_is_the_package_s(folder: Path, tool: tuple[str, str]) -> None:
    edit(folder, "TvmStm32 CONFIG", f"TvmStm32 {tvm_stm32.__version__} EXACT CONFIG")
    Project(folder).configure(*tool)
    edit(folder, f"TvmStm32 {tvm_stm32.__version__} EXACT", "TvmStm32 99")
    assert Project(folder).try_configure(*tool).returncode != 0


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            "tvm_stm32_add_model(kws)",
            "tvm_stm32_add_model(kws): no model. hint: MODEL names a .tflite, .onnx or .pt2 file",
        ),
        (
            "tvm_stm32_add_model(kws MODEL models/kws.tflite OPTIMISE time)",
            "tvm_stm32_add_model(kws): there is no setting OPTIMISE time. hint: the settings are MODEL, PART, CPU, "
            "OPTIMIZE, INPUTS, OUTPUTS, FLOAT_ABI, OBSERVER, ACCELERATOR, API, MEMORY_POOLS",
        ),
        (
            "tvm_stm32_add_model(kws MODEL models/kws.tflite PART)",
            "tvm_stm32_add_model(kws): PART has no value.",
        ),
        (
            "tvm_stm32_add_model(kws MODEL models/kws.tflite)",
            "tvm_stm32_add_model(kws): neither PART nor CPU. hint: PART STM32F405RGT6, CPU cortex-m4, or set "
            "TVM_STM32_PART",
        ),
    ],
    ids=["no model", "unknown setting", "no value", "no part"],
)
def test_wrong_call_stops_cmake(folder: Path, tool: tuple[str, str], cmake: str, call: str, said: str) -> None:
    edit(folder, CALL, call)
    done = Project(folder, cmake).try_configure(*tool)
    assert done.returncode != 0
    assert said in in_words(done.stdout)


def test_missing_model_stops_cmake(folder: Path, tool: tuple[str, str]) -> None:
    edit(folder, "kws.tflite", "wake.tflite")
    done = Project(folder).try_configure(*tool)
    assert done.returncode != 0
    said = in_words(done.stdout)
    assert f"tvm_stm32_add_model(kws): there is no model {folder}/models/wake.tflite." in said
    assert f"hint: MODEL is relative to {folder}" in said


def test_model_may_be_made_by_the_build(folder: Path, tool: tuple[str, str]) -> None:
    make = (
        "add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/made.tflite\n"
        "  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/models/kws.tflite made.tflite\n"
        "  DEPENDS models/kws.tflite)\n"
    )
    edit(folder, CALL, make + CALL.replace("models/kws.tflite", "${CMAKE_CURRENT_BINARY_DIR}/made.tflite"))
    project = Project(folder)
    project.configure(*tool)
    project.build()
    assert run(project.build_folder / "application") == CLASSES


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "PART STM32F405RGT6",
            "PART STM32F999",
            "tvm-stm32: error: part: there is no STM32 part 'STM32F999'\n  hint: ",
        ),
        ("PART STM32F405RGT6", "CPU z80", "tvm-stm32: error: --cpu: there is no core 'z80'\n  hint: one of: cortex-m0"),
    ],
    ids=["part", "cpu"],
)
def test_what_the_tool_refuses_stops_the_build_with_its_text(
    folder: Path, tool: tuple[str, str], generator: str, old: str, new: str, said: str
) -> None:
    edit(folder, old, new)
    project = Project(folder, generator=generator)
    project.configure(*tool)
    done = project.try_build()
    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not (project.build_folder / "kws" / "kws.c").exists()


def test_refused_model_leaves_the_earlier_files(folder: Path, tool: tuple[str, str]) -> None:
    project = Project(folder)
    project.configure(*tool)
    project.build()
    generated = project.build_folder / "kws"
    before = {file.name: file.read_bytes() for file in generated.iterdir()}
    (folder / "models" / "kws.tflite").write_bytes(b"")
    assert project.try_build().returncode != 0
    assert {file.name: file.read_bytes() for file in generated.iterdir()} == before
    (folder / "models" / "kws.tflite").write_bytes(classifier())
    project.build()


def test_python_without_the_tool_is_refused(folder: Path, tool: tuple[str, str], tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho \"Traceback\nModuleNotFoundError: No module named 'tvm_stm32'\" >&2\nexit 1\n")
    python.chmod(0o755)
    done = Project(folder).try_configure(tool[1], f"TVM_STM32_PYTHON={python}")
    assert done.returncode != 0
    said = in_words(done.stdout)
    assert f"{python} cannot run tvm-stm32: ModuleNotFoundError: No module named 'tvm_stm32'" in said
    assert "hint: name the Python interpreter that it is installed for, -DTVM_STM32_PYTHON=" in said
    assert "Traceback" not in said


def test_interfaces_of_other_engines(folder: Path, tool: tuple[str, str]) -> None:
    """Their files are compiled into the library, the one named first is included, and all models are iterated."""
    edit(folder, "OPTIMIZE balanced", "API x-cube-ai native stm32-port")
    edit(folder, "main.c", "main.c port.c")
    (folder / "port.c").write_text(
        '#include "api/stm32_port/ai_runtime_api.h"\nint models(void);\nint models(void)\n{\n    int count = 0;\n'
        "    for (ai_model_iterator it = ai_model_iterator_begin(); it != ai_model_iterator_end();\n"
        "         it = ai_model_iterator_next(it)) {\n        count++;\n    }\n    return count;\n}\n"
    )
    main = folder / "main.c"
    main.write_text(
        '#include "kws.h"\n#include <stdio.h>\n#include "tvm_ai.h"\n'
        "int models(void);\nint main(void)\n{\n    ai_handle kws;\n    AI_ALIGNED(4) static ai_u8 memory[4096];\n"
        "    const ai_handle activations[] = {memory};\n"
        '    printf("%d %d\\n", ai_kws_create_and_init(&kws, activations, NULL).type, models());\n    return 0;\n}\n'
    )
    project = Project(folder)
    project.configure(*tool)
    project.build()
    assert run(project.build_folder / "application") == "0 1\n"
    assert (project.build_folder / "kws" / "api" / "x_cube_ai" / "kws_x_cube_ai.c").is_file()
    assert steps(project.build()) == []
    edit(folder, "API x-cube-ai native", "API x-cube native")
    done = project.try_configure(*tool)
    assert done.returncode != 0
    assert "tvm_stm32_add_model(kws): --api: there is no interface 'x-cube' hint: is x-cube-ai meant?" in in_words(
        done.stdout
    )


def test_memory_pools(folder: Path, tool: tuple[str, str]) -> None:
    """The linker puts them where the file says; another address links again."""
    edit(folder, "OPTIMIZE balanced", "MEMORY_POOLS pools.yaml")
    pools = folder / "pools.yaml"
    pools.write_text("pools: [{name: top, address: 0x20018000, size: 16K}]")
    main = folder / "main.c"
    main.write_text(
        '#include "kws.h"\n#include "semihosting.h"\nint main(void)\n{\n    static tvm_ai_pooled_instance kws;\n'
        "    int status = (int)tvm_ai_create_in_pools(&kws, &kws_model, kws_memory, KWS_POOLS);\n"
        "    semihosting_exit(status ? status : (int)tvm_ai_run(&kws.instance));\n}\n"
    )
    project = Project(folder)
    project.configure(*tool, f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"TVM_STM32_PART={PART}")
    project.build()
    elf = project.build_folder / "application.elf"
    assert read_firmware(elf).address("kws_activations") == 0x20018000
    assert boot(PART, elf) == ""
    assert steps(project.build()) == []
    pools.write_text("pools: [{name: top, address: 0x20010000, size: 16K}]")
    assert "Linking C executable application" in " ".join(steps(project.build()))
    assert read_firmware(elf).address("kws_activations") == 0x20010000
    edit(folder, "pools.yaml", "none.yaml")
    assert "there is no file of memory pools" in in_words(project.try_configure(*tool).stdout)


def test_a_group_of_models(folder: Path, tool: tuple[str, str]) -> None:
    """One array for both; the linker is told of it once, and the models' own are gone."""
    edit(folder, "OPTIMIZE balanced", "MEMORY_POOLS pools.yaml")
    edit(
        folder,
        "add_executable",
        CALL.replace("kws MODEL", "wake MODEL").replace("OPTIMIZE balanced", "MEMORY_POOLS pools.yaml")
        + "\ntvm_stm32_add_group(turns kws wake)\nadd_executable",
    )
    edit(folder, "kws::kws", "turns")
    (folder / "pools.yaml").write_text("pools: [{name: top, address: 0x20018000, size: 16K}]")
    (folder / "main.c").write_text(
        '#include "turns.h"\n#include "semihosting.h"\nint main(void)\n{\n'
        "    static tvm_ai_pooled_instance kws, wake;\n"
        "    int status = (int)tvm_ai_create_in_pools(&kws, &kws_model, turns_kws, KWS_POOLS);\n"
        "    status += (int)tvm_ai_create_in_pools(&wake, &wake_model, turns_wake, WAKE_POOLS);\n"
        "    semihosting_exit(status + (int)tvm_ai_run(&kws.instance) + (int)tvm_ai_run(&wake.instance));\n}\n"
    )
    project = Project(folder)
    project.configure(*tool, f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"TVM_STM32_PART={PART}")
    project.build()
    elf = project.build_folder / "application.elf"
    symbols = read_firmware(elf).symbols
    assert symbols["turns_activations_top"].address == 0x20018000
    assert not {"kws_activations", "wake_activations"} & set(symbols)
    assert boot(PART, elf) == ""
    assert steps(project.build()) == []
