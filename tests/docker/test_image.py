# SPDX-License-Identifier: Apache-2.0
"""The image's recipe, as far as that can be told without an engine: it parses, is pinned, and names what there is."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pytest
from test_house import ROOT, project_files

DOCKERFILE, SCRIPT = ROOT / "docker/Dockerfile.ci_stm32", ROOT / "docker/install.sh"


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile with its arguments; comments and continued lines are dealt with."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.M))
    found = [line.partition(" ") for line in text.splitlines() if line]
    return [(instruction, arguments) for instruction, _, arguments in found]


def pins() -> dict[str, str]:
    """Debian package -> version, without epoch and stars, as the script asks for it."""
    words = re.findall(r"^    (\S+)=(\S+)\*$", SCRIPT.read_text(), re.MULTILINE)
    return {name: re.sub(r"^\d+:|[-+]$", "", version) for name, version in words}


def step(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", SCRIPT, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_the_dockerfile_is_steps_of_the_script() -> None:
    known = {"FROM", "COPY", "RUN", "USER", "WORKDIR", "ARG", "ENV", "CMD"}
    assert {name for name, _ in instructions()} == known
    (base,) = (arguments for name, arguments in instructions() if name == "FROM")
    assert re.fullmatch(r"debian:12\.\d+-slim", base)
    copied = [arguments.split()[-2:] for name, arguments in instructions() if name == "COPY"]
    assert copied == [["docker/install.sh", "/usr/local/share/tvm_stm32/install.sh"], [".", "checkout"]]
    steps = [json.loads(arguments) for name, arguments in instructions() if name == "RUN"]
    assert [words[2] for words in steps] == ["packages", "wheel", "sanity"]
    assert all(words[0] == "sh" and words[1].endswith("/install.sh") for words in steps)


def test_only_debian_packages_are_installed_as_root() -> None:
    order = [name for name, _ in instructions()]
    assert order.count("USER") == 1 and dict(instructions())["USER"] == "1000:1000"
    assert order[: order.index("USER")] == ["FROM", "COPY", "RUN"]
    assert "useradd --uid 1000 " in SCRIPT.read_text()


def test_the_script_parses_and_says_how_it_is_called() -> None:
    subprocess.run(["sh", "-n", SCRIPT], check=True)
    for arguments in ((), ("everything",)):
        done = step(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "install.sh: which step: packages, wheel CHECKOUT, or sanity CHECKOUT\n"
    for name in ("wheel", "sanity"):
        assert step(name, "nowhere").stderr == "install.sh: 'nowhere' is no checkout\n"


def test_only_the_dockerfile_calls_the_script() -> None:
    named = [file for file in project_files() if b"install.sh" in file.read_bytes() and file.suffix != ".md"]
    assert [file for file in named if file not in (DOCKERFILE, SCRIPT, Path(__file__))] == []


def test_packages_and_versions_are_those_of_the_checkout() -> None:
    """The same packages as ./dev installs, in the versions that the documents name; Python's come from constraints."""
    asked = re.findall(r"^    need (\S+) ", (ROOT / "dev").read_text(), re.MULTILINE)
    assert sorted(pins()) == sorted(asked)
    document = (ROOT / "docs/dependencies.md").read_text().partition("## Debian packages")[2]
    rows = re.findall(r"^\| ([^|]+) \| (\d[^|]*) \|", document, re.MULTILINE)
    versions = {
        name: version
        for names, numbers in rows
        for name, version in zip(names.split(", "), numbers.split(", "), strict=True)
    }
    assert sorted(versions) == sorted(pins())
    for name, version in pins().items():
        assert re.match(rf"{re.escape(versions[name])}\b", version), name
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert pins()["python3-venv"].startswith(wanted.removeprefix(">="))
    script = SCRIPT.read_text()
    assert "==" not in script + DOCKERFILE.read_text()
    assert 'PIP_CONSTRAINT="$1/constraints.txt" PIP_BUILD_CONSTRAINT="$1/constraints.txt"' in script


def test_sanity_copies_what_there_is() -> None:
    (names,) = re.findall(r"for name in (.+); do", SCRIPT.read_text())
    assert [name for name in names.split() if not (ROOT / name).exists()] == []


def test_expected_output_is_onnxruntimes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docker")
    import expected

    label, values = expected.line(str(ROOT / "examples/digits/digits_int8.onnx")).split(": ")
    probabilities = np.array(values.split(), np.float32)
    assert label == "probabilities" and probabilities.shape == (10,)
    assert abs(probabilities.sum() - 1) < 0.03 and probabilities.max() > 0.5
