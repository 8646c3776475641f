# SPDX-License-Identifier: Apache-2.0
"""Foreign CMake projects find the package and link it: for the part, where it boots, and for the host."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest
from cmake_project import CMAKES, GENERATORS, TOOLCHAIN, Project, boot, in_words, run, tvm_stm32
from packages import CLASSES, PART, Application, Packages, classifier
from static_library import F405 as F405_FLAGS
from static_library import build_library

from tvm_stm32.emulator.firmware import read_firmware

F405 = (f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"TVM_STM32_PART={PART}", f"TVM_STM32_PYTHON={sys.executable}")


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_application_for_the_part(packages: Packages, application: Application, cmake: str, generator: str) -> None:
    project = Project(application(), cmake, generator)
    project.configure(*F405, f"CMAKE_PREFIX_PATH={packages.f405}")
    project.build()
    assert boot(PART, project.build_folder / "application.elf") == CLASSES


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_application_for_the_host(packages: Packages, application: Application, cmake: str, generator: str) -> None:
    project = Project(application(), cmake, generator)
    project.configure(f"CMAKE_PREFIX_PATH={packages.host}")
    project.build()
    assert run(project.build_folder / "application") == CLASSES


# --- where the package is found --------------------------------------------------------------------------------------


def client_toolchain(folder: Path, flags: str) -> str:
    """A toolchain file as clients write it: it searches packages for the target below its own root only."""
    path = folder / "client.cmake"
    path.write_text(
        "set(CMAKE_SYSTEM_NAME Generic)\n"
        "set(CMAKE_SYSTEM_PROCESSOR cortex-m4)\n"
        "set(CMAKE_C_COMPILER arm-none-eabi-gcc)\n"
        "set(CMAKE_CXX_COMPILER arm-none-eabi-g++)\n"
        f'set(CMAKE_C_FLAGS_INIT "{flags}")\n'
        f'set(CMAKE_CXX_FLAGS_INIT "{flags}")\n'
        "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n"
        f'set(CMAKE_FIND_ROOT_PATH "{folder}/sysroot")\n'
        "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)\n"
        "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)\n"
        "set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)\n"
        "set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)\n"
    )
    return f"CMAKE_TOOLCHAIN_FILE={path}"


def found(project: Project) -> Path:
    """Where CMake found the package."""
    cache = (project.build_folder / "CMakeCache.txt").read_text()
    return next(Path(line.partition("=")[2]) for line in cache.splitlines() if line.startswith("kws_DIR:"))


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
@pytest.mark.parametrize("variable", ["CMAKE_PREFIX_PATH={0}", "kws_ROOT={0}", "kws_DIR={0}/lib/cmake/kws"])
def test_three_ways_to_say_where_it_is(packages: Packages, application: Application, cmake: str, variable: str) -> None:
    project = Project(application(), cmake)
    project.configure(*F405, variable.format(packages.f405))
    assert found(project) == packages.f405 / "lib/cmake/kws"


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_printed_line_finds_it_under_any_toolchain_file(
    packages: Packages, application: Application, cmake: str
) -> None:
    heading, line = packages.printed.splitlines()
    assert heading == f"kws: 11 files in {packages.f405}, found by find_package(kws CONFIG) with"
    (definition,) = shlex.split(line)
    project = Project(application(), cmake)
    toolchain = client_toolchain(project.folder, " ".join(F405_FLAGS))
    assert project.try_configure(toolchain, f"CMAKE_PREFIX_PATH={packages.f405}").returncode != 0
    project.configure(toolchain, definition.removeprefix("-D"))
    project.build()
    assert boot(PART, project.build_folder / "application") == CLASSES


def test_package_may_be_moved(packages: Packages, application: Application, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(packages.host, tmp_path / "moved" / "to here"))
    project = Project(application())
    project.configure(f"CMAKE_PREFIX_PATH={moved}")
    commands = project.build("-v")
    assert str(moved / "lib/libkws.a") in commands
    assert str(packages.host) not in commands
    assert run(project.build_folder / "application") == CLASSES


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
@pytest.mark.parametrize("machine", [F405, ()], ids=["f405", "host"])
def test_the_package_for_the_machine_is_chosen(
    packages: Packages, application: Application, cmake: str, machine: tuple[str, ...]
) -> None:
    wanted, other = (packages.f405, packages.host) if machine else (packages.host, packages.f405)
    project = Project(application(), cmake)
    project.configure(*machine, f"CMAKE_PREFIX_PATH={other};{wanted}")
    assert found(project) == wanted / "lib/cmake/kws"


def test_directories_of_one_project_may_each_find_it(packages: Packages, application: Application) -> None:
    project = Project(application())
    lists = project.folder / "CMakeLists.txt"
    (project.folder / "part").mkdir()
    (project.folder / "part" / "CMakeLists.txt").write_text("find_package(kws CONFIG REQUIRED)\n")
    lists.write_text(lists.read_text() + "find_package(kws CONFIG REQUIRED)\nadd_subdirectory(part)\n")
    project.configure(f"CMAKE_PREFIX_PATH={packages.host}")


def test_project_in_cxx_alone(packages: Packages, application: Application) -> None:
    project = Project(application())
    lists = project.folder / "CMakeLists.txt"
    lists.write_text(
        lists.read_text().replace("project(application C)", "project(application CXX)").replace(".c", ".cpp")
    )
    (project.folder / "main.cpp").write_text(
        '#include <cstdio>\n#include "kws.h"\nint main() { std::printf("%s\\n", kws_model.name); }\n'
    )
    project.configure(f"CMAKE_PREFIX_PATH={packages.host}")
    project.build()
    assert run(project.build_folder / "application") == "kws\n"


# --- versions and components -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_version_requests(packages: Packages, tmp_path: Path, cmake: str) -> None:
    """The package has version 1.2: it serves 1.0 to 1.2, and no other major version."""
    requests = ["", "1", "1.0", "1.2", "1.2 EXACT", "1.2.0", "1.0...1.2", "1.1...<2", "1.2...<1.3"]
    refused = ["0.9", "1.2.1", "1.3", "2", "1.1 EXACT", "1.0...<1.2", "1.3...2", "2...3", "0.1...1.2"]
    lines = [
        f'find_package(kws {request} CONFIG QUIET)\nmessage(STATUS "[{request}] ${{kws_FOUND}}")\nunset(kws_DIR CACHE)'
        for request in [*requests, *refused]
    ]
    (tmp_path / "CMakeLists.txt").write_text(
        "\n".join(["cmake_minimum_required(VERSION 3.19)", "project(versions NONE)", *lines])
    )
    printed = Project(tmp_path, cmake).configure(f"CMAKE_PREFIX_PATH={packages.f405}")
    assert [line[4:] for line in printed.splitlines() if line.startswith("-- [")] == [
        *(f"{request}] 1" for request in requests),
        *(f"{request}] 0" for request in refused),
    ]


def refusal(project: Project, *definitions: str) -> str:
    """What CMake says when it does not configure, as one line."""
    done = project.try_configure(*definitions)
    assert done.returncode != 0
    return in_words(done.stdout)


def test_refused_version_is_shown(packages: Packages, application: Application) -> None:
    project = Project(application())
    lists = project.folder / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("find_package(kws", "find_package(kws 2.0"))
    said = refusal(project, f"CMAKE_PREFIX_PATH={packages.host}")
    assert 'compatible with requested version "2.0"' in said
    assert "kws-config.cmake, version: 1.2" in said


def test_components_are_refused(packages: Packages, application: Application) -> None:
    project = Project(application())
    lists = project.folder / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("REQUIRED)", "REQUIRED COMPONENTS weights)"))
    said = refusal(project, f"CMAKE_PREFIX_PATH={packages.host}")
    assert "kws has no components, and weights is asked for. hint: find_package(kws CONFIG REQUIRED)" in said


# --- toolchains that cannot link it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_project_for_the_host_finds_a_package_for_the_part(
    packages: Packages, application: Application, cmake: str
) -> None:
    said = refusal(Project(application(), cmake), f"CMAKE_PREFIX_PATH={packages.f405}")
    assert "version: 1.2 (built for armv7e-m, hard float; this project compiles for 64 bits)" in said


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
def test_project_for_another_machine_of_the_same_width(
    packages: Packages, application: Application, cmake: str
) -> None:
    said = refusal(
        Project(application(), cmake), f"CMAKE_PREFIX_PATH={packages.f405}", "CMAKE_C_FLAGS=-m32",
        "CMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
    )  # fmt: skip
    assert "Reason given by package: kws is built for armv7e-m, hard float, and /" in said
    assert (
        "compiles for another machine. hint: configure with the part's toolchain file, or take the package of kws that "
        "was built for this machine" in said
    )


@pytest.mark.parametrize("cmake", CMAKES.values(), ids=CMAKES)
@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (
            "-mcpu=cortex-m4 -mthumb -mfloat-abi=soft",
            "kws is built with hard float, and this project compiles with soft float. hint: compile everything with "
            "-mfloat-abi=hard and the part's -mfpu, or take the package of kws that was built with soft float",
        ),
        (
            "-mcpu=cortex-m3 -mthumb",
            "kws is built for armv7e-m, hard float, and the core that this project compiles for does not run armv7e-m "
            "code. hint: -mcpu in CMAKE_C_FLAGS must name the core of the part: -mcpu=cortex-m3 -mthumb",
        ),
        (
            "-mcpu=cortex-m33+nodsp -mthumb",
            "kws is built for armv7e-m, hard float, and the core that this project compiles for has no DSP extension. "
            "hint: -mcpu in CMAKE_C_FLAGS must name the core of the part: -mcpu=cortex-m33+nodsp -mthumb",
        ),
    ],
    ids=["soft-float", "m3", "m33-without-dsp"],
)
def test_project_for_another_core_or_float_abi(
    packages: Packages, application: Application, cmake: str, flags: str, reason: str
) -> None:
    project = Project(application(), cmake)
    said = refusal(project, client_toolchain(project.folder, flags), f"kws_DIR={packages.f405}/lib/cmake/kws")
    assert f"Reason given by package: {reason}" in said


def test_clang_is_asked_as_gcc_is(packages: Packages, application: Application) -> None:
    machine = (
        "CMAKE_SYSTEM_NAME=Generic",
        "CMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
        "CMAKE_C_COMPILER=clang",
        "CMAKE_C_COMPILER_TARGET=arm-none-eabi",
        f"CMAKE_PREFIX_PATH={packages.f405}",
    )
    said = refusal(Project(application()), *machine, "CMAKE_C_FLAGS=-mcpu=cortex-m4 -mfloat-abi=soft")
    assert "kws is built with hard float, and this project compiles with soft float." in said
    project = Project(application(name="right"))
    project.configure(*machine, "CMAKE_C_FLAGS=-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard")


def test_float_abi_of_a_directory_is_known(packages: Packages, application: Application) -> None:
    project = Project(application())
    lists = project.folder / "CMakeLists.txt"
    options = "add_compile_options(-mcpu=cortex-m4 -mthumb -mfloat-abi=softfp -mfpu=fpv4-sp-d16)\n"
    lists.write_text(lists.read_text().replace("find_package", options + "find_package", 1))
    said = refusal(project, client_toolchain(project.folder, ""), f"kws_DIR={packages.f405}/lib/cmake/kws")
    assert "kws is built with hard float, and this project compiles with soft float." in said


def test_flags_of_targets_are_left_to_the_header(packages: Packages, application: Application) -> None:
    """A project that gives machine flags to targets only is believed, and stopped by the header if they are wrong."""
    project = Project(application())
    lists = project.folder / "CMakeLists.txt"
    flags = "-mcpu=cortex-m4 -mthumb -mfloat-abi=softfp -mfpu=fpv4-sp-d16"
    text = lists.read_text().replace(
        "PRIVATE kws::kws)", f"PRIVATE kws::kws)\ntarget_compile_options(application PRIVATE {flags})"
    )
    lists.write_text(text)
    project.configure(client_toolchain(project.folder, ""), f"kws_DIR={packages.f405}/lib/cmake/kws")
    done = project.try_build()
    assert done.returncode != 0
    assert '#error "kws is for the hard-float ABI: compile with -mfloat-abi=hard' in done.stdout


def test_core_that_runs_older_code(packages: Packages, application: Application) -> None:
    project = Project(application())
    toolchain = client_toolchain(project.folder, "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard")
    project.configure(toolchain, f"kws_DIR={packages.f405}/lib/cmake/kws")


def test_package_for_the_host_under_the_toolchain_of_the_part(packages: Packages, application: Application) -> None:
    said = refusal(Project(application()), *F405, f"CMAKE_PREFIX_PATH={packages.host}")
    assert "; this project compiles for 32 bits)" in said


def test_incomplete_package(packages: Packages, application: Application, tmp_path: Path) -> None:
    part = Path(shutil.copytree(packages.host, tmp_path / "part"))
    (part / "lib/libkws.a").unlink()
    said = refusal(Project(application()), f"CMAKE_PREFIX_PATH={part}")
    assert f"the package is incomplete: {part}/lib/libkws.a is missing. hint: copy or unpack the whole package" in said


# --- the toolchain file ----------------------------------------------------------------------------------------------


def test_toolchain_file_takes_flags_instead_of_a_part(packages: Packages, application: Application) -> None:
    project = Project(application())
    flags = " ".join(F405_FLAGS)
    project.configure(
        f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"TVM_STM32_CPU_FLAGS={flags}", f"CMAKE_PREFIX_PATH={packages.f405}"
    )
    assert flags in (project.build_folder / "build.ninja").read_text()


@pytest.mark.parametrize(
    ("definitions", "words"),
    [
        ((), "does not know what to compile for. hint: name the part, -DTVM_STM32_PART=STM32F405RGT6, or the flags,"),
        (
            ("TVM_STM32_PART=STM32F999", f"TVM_STM32_PYTHON={sys.executable}"),
            "tvm-stm32: error: part: there is no STM32 part 'STM32F999' hint: ",
        ),
        (
            ("TVM_STM32_ARM_GCC=TVM_STM32_ARM_GCC-NOTFOUND", "CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF",
             "CMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF"),
            "arm-none-eabi-gcc is not found in PATH. hint: install it (on Debian: apt-get install gcc-arm-none-eabi)",
        ),
    ],
    ids=["nothing", "part", "compiler"],
)  # fmt: skip
def test_toolchain_file_says_what_it_lacks(application: Application, definitions: tuple[str, ...], words: str) -> None:
    said = refusal(Project(application()), f"CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", *definitions)
    assert words in said
    assert "Traceback" not in said


def test_toolchain_file_refuses_a_compiler_for_another_machine(application: Application) -> None:
    gcc = shutil.which("gcc")
    said = refusal(Project(application()), *F405, f"TVM_STM32_ARM_GCC={gcc}")
    assert f"{gcc} compiles for " in said
    assert ", not for Arm. hint: name an arm-none-eabi-gcc with -DTVM_STM32_ARM_GCC=..." in said


def test_build_folder_keeps_its_part(packages: Packages, application: Application) -> None:
    project = Project(application())
    project.configure(*F405, f"CMAKE_PREFIX_PATH={packages.f405}")
    said = refusal(project, "TVM_STM32_PART=STM32G071RB")
    assert "This build folder is for -mcpu=cortex-m4 " in said
    assert "not for -mcpu=cortex-m0plus -mthumb -mfloat-abi=soft. hint: use a new build folder" in said


def test_model_in_memory_pools(application: Application, tmp_path: Path) -> None:
    """The package tells the linker of them."""
    (tmp_path / "kws.tflite").write_bytes(classifier())
    (tmp_path / "pools.yaml").write_text("pools: [{name: top, address: 0x20018000, size: 16K}]")
    settings = ("--part", PART, "--memory-pools", tmp_path / "pools.yaml")
    tvm_stm32("compile", tmp_path / "kws.tflite", "--name", "kws", *settings, "-o", tmp_path / "kws")
    library = build_library(tmp_path / "kws", "kws", tmp_path / "build", *F405_FLAGS, pools=True)
    tvm_stm32("cmake-package", tmp_path / "kws", "--library", library, "-o", tmp_path / "dist")
    folder = application()
    (folder / "main.c").write_text(
        '#include "kws.h"\n#include "semihosting.h"\nint main(void)\n{\n    static tvm_ai_pooled_instance kws;\n'
        "    int status = (int)tvm_ai_create_in_pools(&kws, &kws_model, kws_memory, KWS_POOLS);\n"
        "    semihosting_exit(status ? status : (int)tvm_ai_run(&kws.instance));\n}\n"
    )
    project = Project(folder)
    project.configure(*F405, f"CMAKE_PREFIX_PATH={tmp_path / 'dist'}")
    project.build()
    elf = project.build_folder / "application.elf"
    assert read_firmware(elf).address("kws_activations") == 0x20018000
    assert boot(PART, elf) == ""
    assert "-Wl,-T,${prefix}/include/kws/kws_pools.ld" in (tmp_path / "dist/lib/pkgconfig/kws.pc").read_text()
    assert not list((tmp_path / "dist").rglob("*.cps")), "CMake would not find the linker script by it"
