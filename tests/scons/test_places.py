# SPDX-License-Identifier: Apache-2.0
"""Where a build may be: folders with spaces, variant folders, a shared cache; and several jobs at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from scons_project import HEAD, MAIN, Project, copy_package, tiny_model


def actions(folder: str, model: str, application: str = "app") -> set[str]:
    """Those of a first build of a firmware with the model "kws", everything built in `folder`."""
    compiled = ("kws/kws", "kws/kws_kernels", "kws/kws_weights", "kws/tvm_ai", "main", f"{application}_startup/startup")
    return {
        f"TVM {model} -> {folder}kws",
        *(f"CC {folder}{name}.o" for name in compiled),
        f"AR {folder}kws/libkws.a",
        f"SIZE {folder}kws/libkws.a",
        f"STARTUP {folder}{application}_startup",
        *(f"{verb} {folder}{application}.{suffix}" for verb, suffix in (("LINK", "elf"), ("SIZE", "elf"))),
        f"BIN {folder}{application}.bin",
        f"HEX {folder}{application}.hex",
    }


def test_spaces(tmp_path: Path) -> None:
    project = Project(tmp_path / "a firmware")
    copy_package(project.folder / "third party")
    project.write(
        "SConstruct",
        HEAD + 'env = Environment(**options, toolpath=["third party"])\n'
        'kws = env.TvmModel("generated code/kws", "my models/kws v2.tflite")\n'
        'env.TvmFirmware("my app", ["main.c", kws])\nenv.TvmCMakePackage("my package", kws)\n',
    )
    project.write("my models/kws v2.tflite", tiny_model())
    project.write("main.c", MAIN)
    built = actions("", "my models/kws v2.tflite", "my app") | {"PACKAGE kws in my package"}
    built = {line.replace(" kws/", " generated code/kws/").replace("-> kws", "-> generated code/kws") for line in built}
    assert project.scons() == built
    assert project.scons() == set()


@pytest.mark.parametrize("duplicate", [0, 1])
def test_variant_folder(tmp_path: Path, checkout: Path, duplicate: int) -> None:
    project = Project(tmp_path)
    project.write(
        "SConstruct",
        HEAD + f"env = Environment(**options, toolpath=[{str(checkout)!r}])\n"
        f'SConscript("source/SConscript", variant_dir="build/release", duplicate={duplicate}, exports="env")\n',
    )
    project.write(
        "source/SConscript",
        'Import("env")\nkws = env.TvmModel("kws", "models/kws.tflite")\nenv.TvmFirmware("app", ["main.c", kws])\n',
    )
    project.write("source/models/kws.tflite", tiny_model())
    project.write("source/main.c", MAIN)
    assert project.scons() == actions("build/release/", "source/models/kws.tflite")
    assert project.scons() == set()
    assert {path.name for path in (project.folder / "source").rglob("*")} == {
        "SConscript",
        "main.c",
        "models",
        "kws.tflite",
    }
    if not duplicate:
        manifest = (project.folder / "build/release/kws/kws.json").read_text()
        assert str(tmp_path) not in manifest


def test_cache(tmp_path: Path, checkout: Path) -> None:
    """A second checkout elsewhere, with the same cache, compiles nothing."""
    sconstruct = (
        HEAD + f"env = Environment(**options, toolpath=[{str(checkout)!r}])\n"
        f"CacheDir({str(tmp_path / 'cache')!r})\n"
        'kws = env.TvmModel("kws", "kws.tflite")\nenv.TvmFirmware("app", ["main.c", kws])\n'
        'env.TvmCMakePackage("dist", kws)\n'
    )
    built = {}
    for place in ("first", "second"):
        project = Project(tmp_path / place)
        project.write("SConstruct", sconstruct)
        project.write("kws.tflite", tiny_model())
        project.write("main.c", MAIN)
        done = project.scons()
        if place == "first":
            assert done == actions("", "kws.tflite") | {"PACKAGE kws in dist"}
        else:
            assert all(line.startswith("Retrieved ") for line in done)
            assert project.scons() == set()
        files = [path for path in project.folder.rglob("*") if path.is_file() and path.name != ".sconsign.dblite"]
        built[place] = {path.relative_to(project.folder): path.read_bytes() for path in files}
    assert built["first"] == built["second"]

    shutil.rmtree(project.folder / "kws")
    assert all(line.startswith("Retrieved `kws/") for line in project.scons())
    project.scons("-c")
    assert all(line.startswith("Retrieved ") for line in project.scons())


def test_weights_outside_the_model_file(tmp_path: Path, checkout: Path) -> None:
    """They are not duplicated in a variant folder: the onnx package refuses files that have hard links."""
    project = Project(tmp_path)
    project.write(
        "SConstruct",
        HEAD + f"env = Environment(**options, toolpath=[{str(checkout)!r}])\n"
        'SConscript("models/SConscript", variant_dir="build", exports="env")\n',
    )
    project.write("models/SConscript", 'Import("env")\nenv.TvmModelSources("kws", "kws.onnx")\n')
    write_external_model(tmp_path / "models/kws.onnx", weight=1.0)
    assert project.scons() == {"TVM models/kws.onnx -> build/kws"}
    assert project.scons() == set()
    model = (tmp_path / "models/kws.onnx").read_bytes()
    write_external_model(tmp_path / "models/kws.onnx", weight=2.0)
    assert (tmp_path / "models/kws.onnx").read_bytes() == model
    assert project.scons() == {"TVM models/kws.onnx -> build/kws"}


def write_external_model(path: Path, weight: float) -> None:
    """An ONNX model of one layer, float32 [1, 8] to [1, 4], whose weights, all `weight`, are in another file."""
    weights = numpy_helper.from_array(np.full((8, 4), weight, np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")],
        "one layer",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.with_suffix(".weights").unlink(missing_ok=True)
    onnx.save_model(model, path, save_as_external_data=True, location="kws.weights", size_threshold=0)


def test_firmware_that_another_core_loads(tmp_path: Path, checkout: Path) -> None:
    """The vectors of an STM32MP1 are 256 MB below its code, so there is no flat image of both."""
    project = Project(tmp_path)
    project.write(
        "SConstruct",
        HEAD
        + f"options['TVM_STM32_PART'] = 'STM32MP157CAC3'\nenv = Environment(**options, toolpath=[{str(checkout)!r}])\n"
        'app = env.TvmFirmware("app", ["main.c"])\nassert app.bin is None and str(app.hex) == "app.hex"\n'
        "assert list(app) == [app.elf, app.map, app.hex]\n",
    )
    project.write("main.c", "int main(void)\n{\n    return 0;\n}\n")
    built = {line for line in actions("", "") if "kws" not in line} - {"BIN app.bin"}
    assert project.scons() == built
    assert "\nVECTORS             1,024  at 0x00000000\n" in project.printed


def test_several_jobs(tmp_path: Path, checkout: Path) -> None:
    project = Project(tmp_path)
    project.write(
        "SConstruct",
        HEAD + f"env = Environment(**options, toolpath=[{str(checkout)!r}])\n"
        'models = [env.TvmModel(name, "kws.tflite") for name in ("kws", "wake")]\n'
        'env.TvmFirmware("app", ["main.c", models])\n',
    )
    project.write("kws.tflite", tiny_model())
    project.write("main.c", MAIN.replace('"kws.h"', '"kws.h"\n#include "wake.h"'))
    wake = {line.replace("kws", "wake") for line in actions("", "") if "kws/" in line}
    assert project.scons("-j4") == actions("", "kws.tflite") | wake | {"TVM kws.tflite -> wake"}
    assert project.scons("-j4") == set()
