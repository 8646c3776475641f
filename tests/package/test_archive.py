# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest
from static_library import compile_object, create_archive

from tvm_stm32.errors import SettingsError
from tvm_stm32.package.archive import neutral_archive, read_archive

LONG_NAME = "a_name_that_is_longer_than_the_field_of_the_header.o"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """An archive with a short and a long member name; the short member has an odd size, so that padding follows."""
    short = compile_object(tmp_path, "int f(void) { return 1; }", name="short.o")
    short.write_bytes(short.read_bytes() + b"\0" * (1 + short.stat().st_size % 2))
    return create_archive(
        tmp_path / "lib.a", short, compile_object(tmp_path, "int g(void) { return 2; }", name=LONG_NAME)
    )


def test_members_have_their_names_and_bytes(library: Path) -> None:
    archive = read_archive(library)
    members = archive.members
    assert archive.indexed
    assert [member.name for member in members] == ["short.o", LONG_NAME]
    assert len(members[0].data) % 2 == 1
    assert all(member.data == (library.parent / member.name).read_bytes() for member in members)


def test_neutral_archive_is_what_ar_makes_without_dates_and_owners(library: Path) -> None:
    members = [library.parent / name for name in ("short.o", LONG_NAME)]
    for member, (date, mode) in zip(members, [(1_000_000_000, 0o600), (1_500_000_000, 0o755)], strict=True):
        os.utime(member, (date, date))
        member.chmod(mode)
    dated = create_archive(library.with_name("dated.a"), *members, options="rcU")
    assert dated.read_bytes() != library.read_bytes()
    assert neutral_archive(dated) == library.read_bytes()
    assert neutral_archive(library) == library.read_bytes()


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory") as caught:
        read_archive(tmp_path / "libkws.a")
    assert caught.value.where == str(tmp_path / "libkws.a")
    assert caught.value.hint == "build the static library first"


def test_other_file(tmp_path: Path) -> None:
    (tmp_path / "lib.a").write_text("hello")
    with pytest.raises(SettingsError, match="this is not a static library"):
        read_archive(tmp_path / "lib.a")


def test_thin_archive(library: Path) -> None:
    thin = create_archive(library.parent / "thin.a", library.parent / "short.o", options="rcDT")
    with pytest.raises(SettingsError, match="thin archive"):
        read_archive(thin)


@pytest.mark.parametrize("lost", [1, 400, 900])
def test_archive_that_is_cut_off(library: Path, lost: int) -> None:
    data = library.read_bytes()
    library.write_bytes(data[:-lost])
    with pytest.raises(SettingsError, match=r"damaged at byte \d+"):
        read_archive(library)
