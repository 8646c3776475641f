# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
from static_library import F405, compile_object, create_archive

from tvm_stm32.errors import SettingsError
from tvm_stm32.package.abi import Abi
from tvm_stm32.package.library import read_library

CALLER = "float expf(float); float twice(float); float f(float x) { return twice(expf(x)); }"
CALLEE = 'float twice(float x) { return 2.0f * x; } const char signature[4] = "abc"; int zero[4]; static int own;'


def library_of(folder: Path, **texts: str) -> Path:
    objects = [compile_object(folder, text, *F405, name=f"{name}.o") for name, text in texts.items()]
    return create_archive(folder / "lib.a", *objects)


def test_symbols_and_abi(tmp_path: Path) -> None:
    library = read_library(library_of(tmp_path, caller=CALLER, callee=CALLEE))
    assert library.abi == Abi("arm", 32, "armv7e-m", "single", "hard", dsp=True)
    assert library.defined == {"f", "twice", "signature", "zero"}
    assert library.undefined == {"expf"}
    assert library.constant("signature") == b"abc\0"
    assert library.constant("expf") is None


@pytest.mark.parametrize(
    ("symbol", "needed"),
    [("expf", True), ("roundf", True), ("memcpy", False), ("strcmp", False), ("__aeabi_fadd", False)],
)
def test_math_library_is_needed_for_its_functions_only(tmp_path: Path, symbol: str, needed: bool) -> None:
    text = f"extern int {symbol}(); int f(void) {{ return {symbol}(); }}"
    path = create_archive(tmp_path / "lib.a", compile_object(tmp_path, text, *F405, "-fno-builtin"))
    assert read_library(path).needs_math is needed


def test_empty_library(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no object file"):
        read_library(create_archive(tmp_path / "lib.a"))


def test_library_made_by_the_archiver_of_another_machine(tmp_path: Path) -> None:
    path = create_archive(tmp_path / "lib.a", compile_object(tmp_path, CALLER, arm=False))
    with pytest.raises(SettingsError) as caught:
        read_library(path)
    assert caught.value.what == "the library has no index, so it cannot be linked"
    assert caught.value.hint == "create it with the ar that belongs to the compiler, such as arm-none-eabi-ar"


def test_member_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "notes.o").write_text("no object at all")
    path = create_archive(tmp_path / "lib.a", tmp_path / "notes.o")
    with pytest.raises(SettingsError, match=r"the member notes\.o is no ELF object"):
        read_library(path)


def test_objects_with_different_machine_flags(tmp_path: Path) -> None:
    soft = compile_object(tmp_path, CALLER, "-mcpu=cortex-m4", "-mthumb", name="soft.o")
    hard = compile_object(tmp_path, CALLEE, *F405, name="hard.o")
    with pytest.raises(SettingsError) as caught:
        read_library(create_archive(tmp_path / "lib.a", soft, hard))
    assert caught.value.what == (
        "its objects do not belong together: soft.o is for armv7e-m, soft float, hard.o for armv7e-m, hard float"
    )


def test_intermediate_code(tmp_path: Path) -> None:
    path = create_archive(tmp_path / "lib.a", compile_object(tmp_path, CALLER, *F405, "-flto"))
    with pytest.raises(SettingsError, match="-flto") as caught:
        read_library(path)
    assert caught.value.hint == "compile the library with -fno-lto or -ffat-lto-objects"


@pytest.mark.parametrize("position", range(0, 60, 7))
def test_damaged_object(tmp_path: Path, position: int) -> None:
    """Whatever byte of the ELF header is wrong, the answer is either a library or a clear refusal."""
    path = library_of(tmp_path, caller=CALLER)
    data = bytearray(path.read_bytes())
    data[data.index(b"\x7fELF") + position] ^= 0xFF
    path.write_bytes(data)
    try:
        where = str(read_library(path).path)
    except SettingsError as error:
        where = error.where
    assert where == str(path)
