# SPDX-License-Identifier: Apache-2.0
"""`./dev` on machines that lack something; that it sets up a machine is shown by these tests being run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

#: what `dev` itself uses, in every Debian
BASICS = ("cat", "dirname", "env", "id", "sed", "sha256sum")


def run_dev(repository: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path)} if path else None
    command = ["/bin/sh", str(repository / "dev"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A PATH with little on it, and a user who is not root."""
    for name in BASICS:
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    (tmp_path / "id").unlink()
    for name, script in (("id", "echo 1000"), ("apt-get", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_without_root_the_one_line_to_run_is_printed(repository: Path, bare_machine: Path) -> None:
    done = run_dev(repository, "setup", path=bare_machine)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("sudo ")]
    assert len(lines) == 1
    assert lines[0].startswith("sudo apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi")
    assert {"qemu-system-arm", "cmake", "ninja-build", "python3-venv"} <= set(lines[0].split())


def test_only_what_is_missing_is_asked_for(repository: Path, bare_machine: Path) -> None:
    for name in ("cmake", "ninja", "qemu-system-arm"):
        (bare_machine / name).symlink_to("/bin/true")
    done = run_dev(repository, "setup", path=bare_machine)
    asked = done.stderr.splitlines()[-1].split()
    assert "clang" in asked
    assert not {"cmake", "ninja-build", "qemu-system-arm"} & set(asked)


def test_sudo_that_wants_a_password_is_not_used(repository: Path, bare_machine: Path) -> None:
    (bare_machine / "sudo").write_text("#!/bin/sh\necho asked >&2\nexit 1\n")
    (bare_machine / "sudo").chmod(0o755)
    done = run_dev(repository, "setup", path=bare_machine)
    assert done.returncode == 2
    assert "asked" not in done.stderr


def test_a_distribution_without_apt_is_told_what_is_missing(repository: Path, bare_machine: Path) -> None:
    (bare_machine / "apt-get").unlink()
    done = run_dev(repository, "setup", path=bare_machine)
    assert done.returncode == 2
    assert "gcc-arm-none-eabi" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("dance",)])
def test_wrong_use_shows_how(repository: Path, arguments: tuple[str, ...]) -> None:
    done = run_dev(repository, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "./dev demo" in done.stderr
    assert "./dev test" in done.stderr
