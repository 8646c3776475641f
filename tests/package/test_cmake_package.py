# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from static_library import F405, build_library, compile_object, create_archive
from tiny_models import tiny, total

from tests.api.layered import layered
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import choose
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError
from tvm_stm32.package.cmake import write_cmake_package
from tvm_stm32.package.layout import package_files

M4_SOFT = ("-mcpu=cortex-m4", "-mthumb")


def with_settings(model: CompiledModel, **changes: str) -> CompiledModel:
    """`model` for another machine."""
    return msgspec.structs.replace(model, settings=msgspec.structs.replace(model.settings, **changes))


def compiled(folder: Path, model: CompiledModel) -> Path:
    """The folder, with the C of `model` in it."""
    write_artifacts(emit(model), folder)
    return folder


def refusal(*arguments: object, **options: object) -> SettingsError:
    """The error with which `write_cmake_package` refuses."""
    with pytest.raises(SettingsError) as caught:
        write_cmake_package(*arguments, **options)  # type: ignore[arg-type]
    return caught.value


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny, compiled for the hard-float ABI of the F405."""
    return compiled(tmp_path_factory.mktemp("model"), tiny(float_abi="hard"))


@pytest.fixture(scope="module")
def library(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(model, "tiny", tmp_path_factory.mktemp("f405"), *F405)


@pytest.fixture(scope="module")
def host_library(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(model, "tiny", tmp_path_factory.mktemp("host"), arm=False)


# --- what is written -------------------------------------------------------------------------------------------------


def test_package_of_several_interfaces(library: Path, tmp_path: Path) -> None:
    """Their headers are included in the order of the choice, and the linker is told what it must keep."""
    several = layered(tiny(float_abi="hard"), "x-cube-ai,stm32-port")
    write_artifacts(emit_library(several), tmp_path / "model")
    written = write_cmake_package(tmp_path / "dist", tmp_path / "model", library)
    interface = choose("x-cube-ai,stm32-port")
    assert [path.relative_to(tmp_path / "dist").as_posix() for path in written] == package_files("tiny", interface)
    config = (tmp_path / "dist/lib/cmake/tiny/tiny-config.cmake").read_text()
    folders = (f"${{_tvm_stm32_prefix}}/include/tiny{folder}" for folder in ("/api/x_cube_ai", "/api/stm32_port", ""))
    assert f'INTERFACE_INCLUDE_DIRECTORIES "{";".join(folders)}"' in config
    assert 'INTERFACE_LINK_OPTIONS "LINKER:-u,tiny_network"' in config
    assert "-Wl,-u,tiny_network" in (tmp_path / "dist/lib/pkgconfig/tiny.pc").read_text()


def test_package_is_the_fixed_set_of_files(model: Path, library: Path, tmp_path: Path) -> None:
    written = write_cmake_package(tmp_path, model, library)
    assert [str(path.relative_to(tmp_path)) for path in written] == package_files("tiny", choose())
    assert contents(tmp_path).keys() == set(package_files("tiny", choose()))
    assert (tmp_path / "lib/libtiny.a").read_bytes() == library.read_bytes()
    assert (tmp_path / "include/tiny/tiny.h").read_bytes() == (model / "tiny.h").read_bytes()
    assert (tmp_path / "share/tiny/tiny.json").read_bytes() == (model / "tiny.json").read_bytes()


def test_package_does_not_depend_on_where_it_is(model: Path, library: Path, tmp_path: Path) -> None:
    moved = tmp_path / "another place" / "with blanks"
    shutil.copytree(model, moved / "model")
    shutil.copy(library, moved / "lib.a")
    write_cmake_package(tmp_path / "one", model, library)
    write_cmake_package(moved / "two", moved / "model" / "tiny.json", moved / "lib.a")
    assert contents(tmp_path / "one") == contents(moved / "two")


def test_second_run_touches_nothing_and_a_new_library_only_itself(model: Path, library: Path, tmp_path: Path) -> None:
    files = write_cmake_package(tmp_path, model, library)
    before = {file: file.stat().st_mtime_ns for file in files}
    assert {file: file.stat().st_mtime_ns for file in write_cmake_package(tmp_path, model, library)} == before
    rebuilt = build_library(model, "tiny", tmp_path / "rebuilt", *F405, "-g")
    after = {file: file.stat().st_mtime_ns for file in write_cmake_package(tmp_path, model, rebuilt)}
    assert [file.name for file in files if before[file] != after[file]] == ["libtiny.a", "tiny.cdx.json"]


def test_two_models_share_a_prefix(model: Path, library: Path, tmp_path: Path) -> None:
    other = compiled(tmp_path / "total", with_settings(total(), cpu="cortex-m4"))
    files = write_cmake_package(tmp_path / "dist", model, library)
    files += write_cmake_package(tmp_path / "dist", other, build_library(other, "total", tmp_path / "build", *F405))
    assert len(set(files)) == len(files)
    assert all(file.is_file() for file in files)


def test_licence_is_the_project_s(repository: Path, model: Path, library: Path, tmp_path: Path) -> None:
    write_cmake_package(tmp_path, model, library)
    assert (tmp_path / "share/tiny/LICENSE").read_bytes() == (repository / "LICENSE").read_bytes()


@pytest.mark.parametrize(
    ("text", "linked"), [("", False), ("float expf(float); float f(float x) {return expf(x);}", True)]
)
def test_math_library_is_linked_where_it_is_called(
    model: Path, library: Path, tmp_path: Path, text: str, linked: bool
) -> None:
    mine = Path(shutil.copy(library, tmp_path / "lib.a"))
    if text:
        added = compile_object(tmp_path, text, *F405)
        subprocess.run(["arm-none-eabi-ar", "rD", mine, added], check=True, timeout=60)
    write_cmake_package(tmp_path / "dist", model, mine)
    config = (tmp_path / "dist/lib/cmake/tiny/tiny-config.cmake").read_text()
    assert ("INTERFACE_LINK_LIBRARIES m\n" in config) is linked
    assert (" -lm\n" in (tmp_path / "dist/lib/pkgconfig/tiny.pc").read_text()) is linked
    description = json.loads((tmp_path / "dist/share/tiny/cps/tiny.cps").read_bytes())
    assert description["components"]["tiny"]["link_libraries"] == (["m"] if linked else [])


def test_no_machine_flags_reach_the_client(model: Path, library: Path, tmp_path: Path) -> None:
    write_cmake_package(tmp_path, model, library)
    config = (tmp_path / "lib/cmake/tiny/tiny-config.cmake").read_text()
    assert "INTERFACE_COMPILE_OPTIONS" not in config
    assert "INTERFACE_LINK_OPTIONS" not in config
    assert "-m" not in (tmp_path / "lib/pkgconfig/tiny.pc").read_text().split()


def test_listing_the_files_imports_nothing_heavy() -> None:
    program = (
        "import sys, tvm_stm32.api.interface as interface, tvm_stm32.package.layout as layout;"
        "print(len(layout.package_files('kws', interface.choose())));"
        "print(sorted({'jinja2', 'elftools', 'msgspec', 'numpy', 'tvm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "11\n[]\n"


# --- what is refused -------------------------------------------------------------------------------------------------


def test_refusal_leaves_the_earlier_package_as_it_was(
    model: Path, library: Path, host_library: Path, tmp_path: Path
) -> None:
    write_cmake_package(tmp_path, model, library, version="1.0")
    before = contents(tmp_path)
    refusal(tmp_path, model, host_library, version="2.0")
    assert contents(tmp_path) == before


def test_disk_error_leaves_the_earlier_package_as_it_was(model: Path, library: Path, tmp_path: Path) -> None:
    write_cmake_package(tmp_path, model, library, version="1.0")
    version_file = tmp_path / "lib/cmake/tiny/tiny-config-version.cmake"
    version_file.unlink()
    version_file.mkdir()  # no file can be written there
    before = contents(tmp_path)
    error = refusal(tmp_path, model, library, version="2.0")
    assert error.where == str(version_file)
    assert contents(tmp_path) == before


def test_host_library_where_the_part_is_meant(model: Path, host_library: Path, tmp_path: Path) -> None:
    error = refusal(tmp_path, model, host_library)
    assert error.where == str(host_library)
    assert error.what.startswith("tiny is meant for STM32F405RGT6 (cortex-m4), and this library is for ")
    assert error.hint == (
        "compile it with -mcpu=cortex-m4 -mthumb and arm-none-eabi-gcc, or say --host if the host is meant"
    )
    assert not any(tmp_path.iterdir())
    assert write_cmake_package(tmp_path, model, host_library, host=True)


def test_library_for_the_part_where_the_host_is_meant(model: Path, library: Path, tmp_path: Path) -> None:
    error = refusal(tmp_path, model, library, host=True)
    assert error.what == "a library for the host is asked for, and this one is for armv7e-m, hard float"
    assert error.hint == "leave out --host"


def test_other_float_abi(tmp_path: Path) -> None:
    folder = compiled(tmp_path, tiny(float_abi="any"))
    soft = build_library(folder, "tiny", tmp_path / "soft", *M4_SOFT)
    assert write_cmake_package(tmp_path / "dist", folder, soft)
    write_artifacts({"tiny.json": emit(tiny(float_abi="hard"))["tiny.json"]}, folder)
    error = refusal(tmp_path / "dist", folder, soft)
    assert error.what == "tiny is meant for the hard-float ABI, and this library has soft float"
    assert error.hint == (
        "compile it with -mcpu=cortex-m4 -mthumb -mfloat-abi=hard, or compile the model with --float-abi soft"
    )


@pytest.mark.parametrize(
    ("core", "flags", "what"),
    [
        ("cortex-m3", "-mcpu=cortex-m4", "which does not run code for armv7e-m, soft float"),
        ("cortex-m0plus", "-mcpu=cortex-m3", "which does not run code for armv7-m, soft float"),
        ("cortex-m33", "-mcpu=cortex-m55", "which does not run code for armv8.1-m.main, soft float"),
        ("cortex-m4", "-march=armv7-a", "which does not run code for Arm, not Cortex-M, soft float"),
        (
            "cortex-m3",
            "-march=armv7e-m+fp -mfloat-abi=softfp",
            "which does not run code for armv7e-m, soft float",
        ),
        ("cortex-m4", "-mcpu=cortex-m3", ""),
        ("cortex-m4", "-mcpu=cortex-m0", ""),
        ("cortex-m33", "-mcpu=cortex-m4", ""),
        ("cortex-m33", "-mcpu=cortex-m23", ""),
    ],
)
def test_library_for_another_core(tmp_path: Path, core: str, flags: str, what: str) -> None:
    folder = compiled(tmp_path, with_settings(tiny(), cpu=core, part="", float_abi="any"))
    library = build_library(folder, "tiny", tmp_path / "build", "-mthumb", *flags.split())
    if what:
        assert refusal(tmp_path / "dist", folder, library).what == f"tiny is meant for {core}, {what}"
    else:
        assert write_cmake_package(tmp_path / "dist", folder, library)


def test_library_of_another_model(model: Path, tmp_path: Path) -> None:
    library = create_archive(tmp_path / "lib.a", compile_object(tmp_path, "int f(void) { return 1; }", *F405))
    error = refusal(tmp_path / "dist", model, library)
    assert error.what == "the library does not hold the model tiny"
    assert error.hint == "compile tiny.c and the C files beside it into it"


def test_library_of_an_earlier_version_of_the_model(library: Path, tmp_path: Path) -> None:
    folder = compiled(tmp_path / "retrained", msgspec.structs.replace(tiny(float_abi="hard"), signature="a" * 64))
    error = refusal(tmp_path / "dist", folder, library)
    assert error.what == "the library was built from another version of tiny model.tflite than the manifest"
    assert error.hint == "build the library again"


def test_folder_without_a_model(library: Path, tmp_path: Path) -> None:
    (tmp_path / "compile_commands.json").write_text("[]")
    error = refusal(tmp_path / "dist", tmp_path, library)
    assert (error.what, error.where) == ("no compiled model is here", str(tmp_path))
    assert error.hint == "compile one: tvm-stm32 compile MODEL --name NAME -o FOLDER"


def test_folder_with_two_models(library: Path, tmp_path: Path) -> None:
    compiled(compiled(tmp_path, tiny(float_abi="hard")), total())
    error = refusal(tmp_path / "dist", tmp_path, library)
    assert error.what == "more than one compiled model is here"
    assert error.hint == "name the manifest: tiny.json, total.json"
    assert write_cmake_package(tmp_path / "dist", tmp_path / "tiny.json", library)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "this is no manifest: Input data was truncated"),
        ("{}", "this is no manifest: Object missing required field `schema`"),
    ],
)
def test_damaged_manifest(model: Path, library: Path, tmp_path: Path, text: str, what: str) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    (folder / "tiny.json").write_text(text)
    error = refusal(tmp_path / "dist", folder, library)
    assert error.what == what
    assert error.where == str(folder / "tiny.json")


def test_missing_manifest(library: Path, tmp_path: Path) -> None:
    error = refusal(tmp_path / "dist", tmp_path / "kws.json", library)
    assert error.what == "the manifest cannot be read: No such file or directory"
    assert error.hint == "compile the model first: tvm-stm32 compile"


def test_missing_header(model: Path, library: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    (folder / "tvm_ai.h").unlink()
    error = refusal(tmp_path / "dist", folder, library)
    assert error.what == "a header of tiny cannot be read: No such file or directory"
    assert error.where == str(folder / "tvm_ai.h")


@pytest.mark.parametrize("version", ["", "1.", "v1", "1.2.3.4.5", "1.2-rc1"])
def test_version_that_is_none(model: Path, library: Path, tmp_path: Path, version: str) -> None:
    error = refusal(tmp_path, model, library, version=version)
    assert error.what == f"{version!r} is no version"
    assert error.hint == "use up to four numbers, such as 1.2.0"
