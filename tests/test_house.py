# SPDX-License-Identifier: Apache-2.0
"""The rules of the house, held by a machine: heads, lengths, imports, templates, and documents that stay true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import jinja2
import pytest

from tvm_stm32.cli import VERBS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tvm_stm32"

#: packages and top-level modules in the order of the data flow; each may import only from those before it
DATA_FLOW = (
    "errors",
    "model",
    "quantize",
    "simplify",
    "kernels",
    "memory",
    "device",
    "codegen",
    "api",
    "package",
    "emulator",
    "project",
    "check",
    "report",
    "doctor",
    "scons",
    "cli",
    "__main__",
)

#: where TVM may be imported: the kernels and what lowers them, all in a child process
WITH_TVM = ("tvm_stm32.kernels", "tvm_stm32.codegen.lower", "tvm_stm32.codegen.compile")

#: files that may be longer than 400 lines, and why
LONG_FILES: dict[str, str] = {}

CODE = (".py", ".c", ".cc", ".h", ".j2", ".cmake", ".ld", ".sh", "SConstruct", "SConscript", "CMakeLists.txt", "dev",
        "run")  # fmt: skip
#: what has no place for a comment in its first line
HEADLESS = (".json", "LICENSE")
#: what the root of the repository holds
ROOT_FILES = {".gitignore", "CHANGELOG.md", "CMakeLists.txt", "LICENSE", "README.md", "SConstruct", "constraints.txt",
              "dev", "pyproject.toml"}  # fmt: skip


def project_files() -> list[Path]:
    """Every file of the project: what git tracks, or in an unpacked archive everything."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        files = [file for file in ROOT.rglob("*") if not any(p.startswith(".") for p in file.relative_to(ROOT).parts)]
    return sorted(file for file in files if file.is_file())


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def text_files() -> Iterator[tuple[str, str]]:
    """Name and text of every file that is text and written by hand."""
    for file in project_files():
        if name_of(file).startswith("tests/golden/") or name_of(file) == "LICENSE":
            continue
        content = file.read_bytes()
        if b"\0" not in content:
            yield name_of(file), content.decode("utf-8")


def code_files() -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in text_files() if name.endswith(CODE))


# --- every file ------------------------------------------------------------------------------------------------------


def test_each_file_names_its_licence_in_its_head() -> None:
    wanted = "SPDX-License-Identifier: Apache-2.0"
    for name, text in text_files():
        if text and not name.endswith(HEADLESS):
            lines = text.splitlines()
            head = lines[1] if lines[0].startswith("#!") else lines[0]
            assert wanted in head, f"{name}: the first line is not the SPDX line"


def test_the_root_holds_only_what_belongs_there() -> None:
    assert {name_of(file) for file in project_files() if file.parent == ROOT} <= ROOT_FILES


def test_no_file_is_longer_than_400_lines_without_a_reason() -> None:
    lengths = {name: text.count("\n") for name, text in code_files()}
    assert {name: length for name, length in lengths.items() if length > 400 and name not in LONG_FILES} == {}
    assert {name for name in LONG_FILES if lengths.get(name, 0) <= 400} == set(), "no longer an exception"


def test_text_is_tidy() -> None:
    for name, text in text_files():
        assert not text or text.endswith("\n"), f"{name}: no newline at the end"
        assert "\r" not in text, f"{name}: carriage returns"
        for number, line in enumerate(text.splitlines(), start=1):
            assert line == line.rstrip(), f"{name}:{number}: blanks at the end"
            if name.endswith((".c", ".h", ".cmake", "CMakeLists.txt")):
                assert len(line) <= 120, f"{name}:{number}: longer than 120 columns"
                assert "\t" not in line, f"{name}:{number}: a tab"


def test_nothing_is_left_open_and_no_machine_is_named() -> None:
    # In pieces, so that this file does not hold what it looks for.
    forbidden = re.compile(
        r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
        r"|NotImplemented" r"Error|\bissue #?\d"
        r"|/(wor" r"k|ho" r"me|ro" r"ot|far" r"m|Use" r"rs)/|/site-" r"packages|pypi\." r"org|python" r"hosted"
    )  # fmt: skip
    for name, text in text_files():
        for number, line in enumerate(text.splitlines(), start=1):
            assert not forbidden.search(line), f"{name}:{number}: {line.strip()}"


# --- imports ---------------------------------------------------------------------------------------------------------


def modules() -> dict[str, ast.Module]:
    """Every module of the package but its root, which is the SCons tool's door and imports nothing until opened."""
    result = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name != "tvm_stm32":
            result[name] = ast.parse(file.read_text(encoding="utf-8"), str(file))
    return result


def imported(tree: ast.AST, known: set[str]) -> set[str]:
    """The modules in `known` that `tree` imports, inside functions too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative import"
            # ``from package import module`` imports the module, ``from module import name`` the module named first
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & known) or {node.module}
    return found & known


def place(name: str) -> str:
    """Where a module stands in `DATA_FLOW`. The verbs of the command line live beside what they offer."""
    return "cli" if name.endswith(".command") else name.split(".")[1]


def test_imports_point_down_the_data_flow() -> None:
    trees = modules()
    rank = {name: position for position, name in enumerate(DATA_FLOW)}
    assert {place(name) for name in trees} <= set(rank), "a package that DATA_FLOW does not place"
    for name, tree in trees.items():
        for other in imported(tree, set(trees)):
            here, there = place(name), place(other)
            assert here == there or rank[there] < rank[here], f"{name} imports {other}, which is not before it"


def test_no_module_imports_itself_in_a_circle() -> None:
    trees = modules()
    try:
        TopologicalSorter({name: imported(tree, set(trees)) for name, tree in trees.items()}).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_only_the_kernels_and_the_lowering_import_tvm() -> None:
    """All other modules in one fresh Python: that a build file or an emitter is read never costs TVM's start."""
    names = [name for name in modules() if not name.startswith(WITH_TVM) and not name.endswith("__main__")]
    program = f"import importlib, sys\nfor n in {names!r}: importlib.import_module(n)\nprint('tvm' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


# --- templates -------------------------------------------------------------------------------------------------------


def test_templates_parse() -> None:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    templates = [(name, text) for name, text in text_files() if name.endswith(".j2")]
    assert templates
    for name, text in templates:
        environment.parse(text, filename=name)


def test_jinja_is_always_strict() -> None:
    wanted = {"undefined": "StrictUndefined", "trim_blocks": "True", "lstrip_blocks": "True"}
    wanted |= {"keep_trailing_newline": "True"}
    calls = 0
    for name, text in text_files():
        if not name.endswith(".py") or name.startswith("tests/") or "jinja2" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Environment":
                calls += 1
                given = {keyword.arg: ast.unparse(keyword.value).split(".")[-1] for keyword in node.keywords}
                assert wanted.items() <= given.items(), f"{name}:{node.lineno}"
    assert calls


def test_each_file_of_the_package_is_installed() -> None:
    """Python files are; others only if a pattern of pyproject.toml says so."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["tvm_stm32"]
    installed = {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    inside = [file for file in project_files() if file.is_relative_to(PACKAGE) and file.suffix != ".py"]
    assert [name_of(file) for file in inside if file not in installed] == []


# --- documents -------------------------------------------------------------------------------------------------------


def documents() -> list[tuple[str, str]]:
    return [(name, text) for name, text in text_files() if name.endswith(".md")]


def test_links_of_documents_lead_somewhere() -> None:
    for name, text in documents():
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target:
                assert (ROOT / name).parent.joinpath(target).exists(), f"{name}: {target}"


def test_commands_of_documents_exist() -> None:
    """Each ``$ command`` shown is one that can be typed: a verb of ``./dev``, of ``tvm-stm32``, or a file."""
    verbs_of_dev = set(re.findall(r"^(\w+)\)$", (ROOT / "dev").read_text(), re.MULTILINE))
    shown = 0
    for name, text in documents():
        for line in re.findall(r"^\s*\$ (.+)$", text, re.MULTILINE):
            words = line.split()
            shown += 1
            if words[0] == "./dev":
                assert words[1] in verbs_of_dev, f"{name}: {line}"
            elif words[0] == "tvm-stm32":
                assert words[1] in {*VERBS, "--help", "--version"}, f"{name}: {line}"
            elif words[0] == "python":
                assert words[1] == "-m" or (ROOT / words[1]).is_file(), f"{name}: {line}"
    assert shown


def test_architecture_names_every_folder_of_the_package() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {file.parent.relative_to(ROOT).as_posix() for file in PACKAGE.glob("*/__init__.py")}
    assert {folder for folder in folders if f"{folder.split('/')[1]}/" not in text} == set()


def requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]


def test_dependencies_are_documented_and_pinned_in_step() -> None:
    document = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {re.sub(r"[-_.]+", "-", line.lower()) for line in lines if not line.startswith("#")}
    for requirement in requirements():
        name, version = requirement.split("==")
        assert re.search(rf"^\| {re.escape(name)} \| {re.escape(version)} \|", document, re.M | re.I), requirement
        assert re.sub(r"[-_.]+", "-", requirement.lower()) in pinned, f"constraints.txt lacks {requirement}"
