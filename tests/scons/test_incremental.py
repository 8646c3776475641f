# SPDX-License-Identifier: Apache-2.0
"""What is built again, and nothing else: the exact actions after each kind of change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scons_project import HEAD, MAIN, Project, copy_package, tiny_model

from tvm_stm32.codegen.artifacts import artifact_names

SCONSTRUCT = (
    HEAD
    + """\
for name in ("OPTIMIZE", "INPUTS", "API"):
    if name in ARGUMENTS:
        options["TVM_STM32_" + name] = ARGUMENTS[name]
env = Environment(**options, toolpath=["checkout"])
name = ARGUMENTS.get("NAME", "kws")
kws = env.TvmModel(name, ARGUMENTS.get("MODEL", "kws.tflite"))
app = env.TvmFirmware("app", ["main.c", kws])
env.TvmCMakePackage("dist", kws)
env.Alias("run", env.TvmRun(app))
env.Alias("unicorn", env.TvmRun(app, EMULATOR="unicorn"))
"""
)

GENERATE = "TVM kws.tflite -> kws"
COMPILE = {"CC kws/kws.o", "CC kws/kws_kernels.o", "CC kws/kws_weights.o", "CC kws/tvm_ai.o"}
ARCHIVE = {"AR kws/libkws.a", "SIZE kws/libkws.a"}
STARTUP = {"STARTUP app_startup", "CC app_startup/startup.o"}
LINK = {"LINK app.elf", "SIZE app.elf"}
IMAGES = {"BIN app.bin", "HEX app.hex"}
PACKAGE = "PACKAGE kws in dist"
ALL = {GENERATE, *COMPILE, *ARCHIVE, "CC main.o", *STARTUP, *LINK, *IMAGES, PACKAGE}
MODEL_FILES = artifact_names("kws")


@pytest.fixture(scope="class")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose first build is done; each test leaves it built."""
    project = Project(tmp_path_factory.mktemp("project"))
    copy_package(project.folder / "checkout")
    project.write("SConstruct", SCONSTRUCT)
    project.write("main.c", MAIN)
    project.write("kws.tflite", tiny_model())
    assert project.scons("-n") == ALL
    assert not (project.folder / "kws").exists()
    assert project.scons() == ALL
    return project


class TestFirmware:
    """Changes to the project of one firmware with one model."""

    def test_nothing_to_do(self, built: Project) -> None:
        assert built.scons() == set()
        assert "up to date" in built.printed
        assert built.scons("-n") == set()
        assert built.scons("-j4") == set()

    def test_touch(self, built: Project) -> None:
        for name in ("kws.tflite", "main.c", "kws/kws.c", "kws/kws_weights.c", "checkout/tvm_stm32/errors.py"):
            os.utime(built.folder / name)
        assert built.scons() == set()

    def test_comment_in_the_application(self, built: Project) -> None:
        built.replace("main.c", "int main", "/* The application. */\nint main")
        assert built.scons() == {"CC main.o"}  # the object has the same bytes

    def test_code_of_the_application(self, built: Project) -> None:
        built.replace("main.c", "semihosting_exit(99)", "semihosting_exit(98)")
        assert built.scons() == {"CC main.o", *LINK, *IMAGES}

    def test_edit_of_a_generated_file(self, built: Project) -> None:
        """What somebody writes into a generated file to try it out stays until the file is generated again."""
        with (built.folder / "kws/kws_kernels.c").open("a") as file:
            file.write("/* Seen? */\n")
        assert built.scons() == {"CC kws/kws_kernels.o"}
        assert built.scons() == set()
        (built.folder / "kws/kws_kernels.c").unlink()
        assert built.scons() == {GENERATE, "CC kws/kws_kernels.o"}

    def test_weights(self, built: Project) -> None:
        built.write("kws.tflite", tiny_model(weight=6))
        assert built.scons() == {GENERATE, "CC kws/kws_weights.o", *ARCHIVE, *LINK, *IMAGES, PACKAGE}
        assert built.scons() == set()

    def test_settings(self, built: Project) -> None:
        """All generated files but the runtime name their settings, and the header is the application's too.

        Whether an objective makes other machine code is up to the kernels. The place of the inputs does.
        """
        named = {GENERATE, *COMPILE, "CC main.o", PACKAGE} - {"CC kws/tvm_ai.o"}
        assert built.scons("OPTIMIZE=ram") - {*ARCHIVE, *LINK, *IMAGES} == named
        assert built.scons("OPTIMIZE=ram") == set()
        assert built.scons("OPTIMIZE=ram", "INPUTS=application") == {*named, *ARCHIVE, *LINK, *IMAGES}
        assert built.scons() == {*named, *ARCHIVE, *LINK, *IMAGES}
        assert built.scons() == set()

    def test_interface(self, built: Project) -> None:
        """Another interface adds files; those that were there stay, and with them their objects."""
        layer = ("kws_x_cube_ai", "tvm_ai_x_cube_ai", "tvm_ai_x_cube_ai_observer")
        objects = {f"CC kws/api/x_cube_ai/{name}.o" for name in layer} | {"CC kws/kws_observed.o"}
        package = {PACKAGE, *ARCHIVE, *LINK, *IMAGES}
        assert built.scons("API=native x-cube-ai") - package == {GENERATE, *objects}
        assert built.scons("API=native x-cube-ai") == set()
        assert (built.folder / "dist/include/kws/api/x_cube_ai/ai_platform.h").is_file()
        assert built.scons() - package == {GENERATE}
        assert built.scons() == set()

    def test_generator(self, built: Project) -> None:
        """Another generator runs; it writes the same files, so nothing else does."""
        with (built.folder / "checkout/tvm_stm32/codegen/emit.py").open("a") as file:
            file.write("# One more line.\n")
        assert built.scons() == {GENERATE, "STARTUP app_startup", PACKAGE}
        assert built.scons() == set()

    @pytest.mark.parametrize(("model", "matters"), [("kws.tflite", False), ("{}/kws.pt2", True)])
    def test_pytorch(self, built: Project, tmp_path: Path, model: str, matters: bool) -> None:
        """Which PyTorch is installed, if any, matters to its own programs alone."""
        (tmp_path / "torch-9.9.9.dist-info").mkdir()
        (tmp_path / "torch-9.9.9.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9.9\n")
        (tmp_path / "kws.pt2").touch()
        trees = []
        for packages in ({}, {"PYTHONPATH": str(tmp_path)}):
            built.environment |= packages
            built.scons("-n", "--tree=all", f"MODEL={model.format(tmp_path)}", "kws/kws.c")
            trees.append(built.printed)
        del built.environment["PYTHONPATH"]
        assert (trees[0] != trees[1]) == matters

    def test_tool(self, built: Project) -> None:
        """The SCons tool itself generates nothing; its commands are compared."""
        with (built.folder / "checkout/tvm_stm32/scons/model.py").open("a") as file:
            file.write("# One more line.\n")
        assert built.scons() == set()

    @pytest.mark.parametrize(
        ("name", "actions"),
        [
            ("kws/kws.json", {GENERATE}),
            ("kws/kws.o", {"CC kws/kws.o"}),
            ("kws/libkws.a", {*ARCHIVE}),
            ("app_startup/link.ld", {"STARTUP app_startup"}),
            ("app.elf", LINK),
            ("app.map", LINK),
            ("app.hex", {"HEX app.hex"}),
            ("dist/lib/cmake/kws/kws-config.cmake", {PACKAGE}),
        ],
    )
    def test_deleted_output(self, built: Project, name: str, actions: set[str]) -> None:
        (built.folder / name).unlink()
        assert built.scons() == actions
        assert (built.folder / name).is_file()

    def test_tvm_is_not_imported(self, built: Project) -> None:
        """Neither by reading an SConstruct nor by a build with nothing to do."""
        asked = ("tvm", "onnx", "tflite", "numpy", "msgspec", "jinja2")
        built.write(
            "again.scons",
            'SConscript("SConstruct")\nimport atexit, sys\n'
            f"def report():\n    print('imported', [name for name in {asked!r} if name in sys.modules])\n"
            "report()\natexit.register(report)\n",
        )
        assert built.scons("-f", "again.scons") == set()
        lines = [line for line in built.printed.splitlines() if line.startswith("imported")]
        assert lines == ["imported []", "imported []"]

    def test_run(self, built: Project) -> None:
        assert built.scons("run") == {"RUN app.elf"}
        assert built.printed.splitlines()[-1] == "ran"
        assert built.scons("run") == {"RUN app.elf"}, "a run is never up to date"

    def test_run_on_unicorn(self, built: Project) -> None:
        assert built.scons("unicorn") == {"RUN app.elf"}
        assert built.printed.splitlines()[-1] == "ran"

    def test_run_that_fails(self, built: Project) -> None:
        built.replace("main.c", "semihosting_exit(0)", "semihosting_exit(7)")
        assert built.scons("run", status=2) == {"CC main.o", *LINK, "RUN app.elf"}
        assert "[app.elf.run] Error 7" in built.errors
        built.replace("main.c", "semihosting_exit(7)", "semihosting_exit(0)")
        assert built.scons() == {"CC main.o", *LINK}  # the images are of this very program

    def test_size_table_follows_the_link(self, built: Project) -> None:
        (built.folder / "app.elf").unlink()
        built.scons()
        lines = built.printed.splitlines()
        table = lines[lines.index("SIZE    app.elf") :]
        assert [line.split()[0] for line in table if not line.startswith(" ")][:3] == ["SIZE", "FLASH", "RAM"]
        assert any(line.split()[0] == "weights" for line in table)

    def test_failed_compile_leaves_what_was_there(self, built: Project) -> None:
        before = {name: (built.folder / "kws" / name).read_bytes() for name in MODEL_FILES}
        good = (built.folder / "kws.tflite").read_bytes()
        built.write("kws.tflite", b"\x18\0\0\0TFL3 and then nonsense")
        assert built.scons(status=2) == {GENERATE}
        first, hint, last = built.errors.splitlines()
        assert first.startswith("tvm-stm32: error: ")
        assert "kws.tflite" in first
        assert hint.startswith("  hint: ")
        assert last == "scons: *** [kws/kws.h] Error 2"
        assert {name: (built.folder / "kws" / name).read_bytes() for name in MODEL_FILES} == before
        built.write("kws.tflite", good)
        assert built.scons() == set()

    def test_name(self, built: Project) -> None:
        main = (built.folder / "main.c").read_text()
        built.write("main.c", main.replace("kws", "wake"))
        renamed = {line.replace("kws", "wake") for line in ALL - STARTUP - {GENERATE}} | {"TVM kws.tflite -> wake"}
        assert built.scons("NAME=wake") == renamed
        built.write("main.c", main)
        assert built.scons() == {"CC main.o", *LINK, *IMAGES}

    def test_clean(self, built: Project) -> None:
        removed = built.scons("-c")
        assert {f"Removed kws/{name}" for name in MODEL_FILES} <= removed
        assert {"Removed kws/libkws.a", "Removed app.elf", "Removed app.map", "Removed app_startup/link.ld"} <= removed
        files = [path.relative_to(built.folder) for path in built.folder.rglob("*") if path.is_file()]
        left = {path.as_posix() for path in files if path.parts[0] not in ("checkout", ".sconsign.dblite")}
        # what `test_name` and `test_interface` have built is unknown to this run
        left = {name for name in left if not any(word in name for word in ("wake", "/api/", "_observed."))}
        assert left <= {"SConstruct", "again.scons", "kws.tflite", "main.c"}
        assert built.scons() == ALL
