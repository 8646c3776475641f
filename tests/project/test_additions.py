# SPDX-License-Identifier: Apache-2.0
"""What a client may add to a project, and what is refused. That it reaches the compiler is in test_equipped.py."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from project_api_client import INVALID_PARAMS, SERVER_ERROR, TEMPLATE, ProjectApiClient, Refused, generate

from tvm_stm32.errors import SettingsError
from tvm_stm32.project.additions import cmsis_folder, read_definitions, read_extra_files

PART = "STM32F405RGT6"


def tar_of(files: Mapping[str, str], path: Path, mode: str = "w", **kind: Any) -> Path:
    """An archive at `path`; `kind` is what is other in each member."""
    with tarfile.open(path, mode) as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            for field, value in kind.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


# --- macros ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ()),
        ([], ()),
        ("A", (("A", None),)),
        (" -DA=1;B=-2.5e+3  _c=x.y ", (("A", "1"), ("B", "-2.5e+3"), ("_c", "x.y"))),
        ('A="two words" B=', (("A", '"two words"'), ("B", ""))),
        (["A=0x1F", "-DB"], (("A", "0x1F"), ("B", None))),
    ],
)
def test_definitions(given: str | list[str], found: tuple[tuple[str, str | None], ...]) -> None:
    assert read_definitions(given) == found


@pytest.mark.parametrize(
    "text",
    [
        *("1A", "A B-", "A=$(id)", "A=`id`", "A=1;-include x", "-DA -O0", "A(x)=x", "A=1\\", "A='x'", "A=#", "-D A"),
        *('A="$(id)"', 'A="', 'A="x"y', 'A="\\"', "A=>x", "A=a&b", "A=$<TARGET_FILE:x>", "\u00e4=1", "A=${B}", "--x"),
    ],
)
def test_what_is_no_definition(text: str) -> None:
    for given in (text, [text]):
        with pytest.raises(SettingsError, match="is no definition of a macro"):
            read_definitions(given)


def test_definitions_in_contradiction() -> None:
    with pytest.raises(SettingsError, match="A is defined twice"):
        read_definitions("A=1 B A=2")
    with pytest.raises(SettingsError, match="'A B' is no definition"):
        read_definitions(["A B"])


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "what"),
    [
        ("../x.c", {}, "a member outside of itself: ../x.c"),
        ("src/../../x.c", {}, "a member outside of itself"),
        ("/etc/x.c", {}, "a member outside of itself"),
        ("src/x.c", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "a link or a device: src/x.c"),
        ("src/x.c", {"type": tarfile.LNKTYPE, "linkname": "main.c"}, "a link or a device"),
        ("src/x", {"type": tarfile.FIFOTYPE}, "a link or a device"),
        ('src/"+x.c', {}, "build tools would misread this path"),
        ("src/$x.c", {}, "build tools would misread this path"),
    ],
)
def test_archives_that_are_refused(name: str, kind: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=what):
        read_extra_files(tar_of({name: ""}, tmp_path / "extra.tar", **kind))


def test_archives_that_are_none(tmp_path: Path) -> None:
    whole = tar_of({"src/x.c": "int x;" * 99}, tmp_path / "extra.tar.gz", "w:gz").read_bytes()
    for content in (b"", b"text", whole[:100]):
        (tmp_path / "extra.tar").write_bytes(content)
        with pytest.raises(SettingsError, match=r"no tar archive|cannot be read"):
            read_extra_files(tmp_path / "extra.tar")
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_extra_files(tmp_path / "missing.tar")


def test_cmsis_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the headers of CMSIS are not here"):
        cmsis_folder(tmp_path)
    odd = tmp_path / 'a "$name'
    odd.mkdir()
    (odd / "cmsis_compiler.h").touch()
    with pytest.raises(SettingsError, match="build tools would misread this path"):
        cmsis_folder(odd)


def test_projects_that_are_refused(written: Path, tmp_path: Path) -> None:
    """With the code of the protocol, and nothing left behind."""
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"compile_definitions": "A=$(id)"}, INVALID_PARAMS, "is no definition of a macro"),
        ({"compile_definitions": ["A", 1]}, INVALID_PARAMS, "compile_definitions is of type str"),
        ({"warning_as_error": "yes"}, INVALID_PARAMS, "warning_as_error is of type bool"),
        ({"extra_files_tar": ["a.tar"]}, INVALID_PARAMS, "extra_files_tar is of type str"),
        ({"extra_files_tar": str(tmp_path / "missing.tar")}, SERVER_ERROR, "the extra files cannot be read"),
        ({"cmsis_path": str(tmp_path / "missing")}, SERVER_ERROR, "the headers of CMSIS are not here"),
    ]
    for place in ("src/main.c", "SConstruct", "model.tar", "build/app.elf", "models/kws.tflite"):
        archive = tar_of({place: ""}, tmp_path / f"{Path(place).stem}.tar")
        cases.append(({"extra_files_tar": str(archive)}, SERVER_ERROR, f"the project has {place} itself"))
    with ProjectApiClient(TEMPLATE) as client:
        for options, code, what in cases:
            with pytest.raises(Refused, match=what) as error:
                generate(client, written / "model.tar", tmp_path / "new", {"part": PART} | options)
            assert error.value.code == code
    assert not (tmp_path / "new").exists()
