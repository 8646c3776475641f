# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.tiny_models import tiny, total
from tests.toolchains import C99, HOST, M4, M4_HARD, TOOLCHAINS, WARNINGS, Toolchain
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts

RUNTIME = Path(__file__).parents[2] / "tvm_stm32" / "runtime" / "include"
PUBLIC = ["tvm_ai.h", "tvm_ai_accelerator.h", "tvm_ai_pools.h"]
HEADERS = ["tiny.h", "total.h", "tvm_ai.h", "tvm_ai_kernels.h", "tvm_ai_microkernels.h"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for model in (tiny(), total()):
        write_artifacts(emit(model), tmp_path)
    return tmp_path


def complaint(toolchain: Toolchain, folder: Path, text: str, *flags: str) -> str:
    """What the compiler says of `text`; empty when it has nothing to say."""
    (folder / "one.c").write_text(text)
    command = [*toolchain.command, *C99, *flags, "-fsyntax-only", "one.c"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=lambda toolchain: toolchain.name)
@pytest.mark.parametrize("header", HEADERS)
def test_each_header_stands_alone(header: str, toolchain: Toolchain, folder: Path) -> None:
    assert complaint(toolchain, folder, f'#include "{header}"\n#include "{header}"\nextern int something;\n') == ""


@pytest.mark.parametrize("flag", ["-fshort-enums", "-fno-short-enums"])
def test_structures_do_not_depend_on_the_size_of_enumerations(flag: str, folder: Path) -> None:
    sizes = {"tvm_ai_status": 4, "tvm_ai_type": 4, "tvm_ai_tensor_info": 44, "tvm_ai_instance": 20 + 8 * 8}
    checks = "".join(f"typedef char {t}_size[sizeof({t}) == {size} ? 1 : -1];\n" for t, size in sizes.items())
    assert complaint(M4, folder, f'#include "tvm_ai.h"\n{checks}', flag) == ""


@pytest.mark.parametrize("command", ["g++", "clang++", "arm-none-eabi-g++"])
def test_headers_are_cpp(command: str, folder: Path) -> None:
    program = """
        #include "tiny.h"
        #include "total.h"
        alignas(TINY_ACTIVATIONS_ALIGNMENT) static uint8_t arena[TINY_ACTIVATIONS_SIZE];
        int main()
        {
            tvm_ai_instance instance{};
            const tvm_ai_memory memory{arena, sizeof arena};
            if (tvm_ai_create(&instance, &tiny_model, &memory) != TVM_AI_OK) {
                return 1;
            }
            static_cast<int8_t *>(tvm_ai_input(&instance, 0)->data)[0] = 1;
            return static_cast<int>(tvm_ai_run(&instance));
        }
    """
    (folder / "main.cpp").write_text(program)
    compiler = Toolchain(command, (command,))
    compiler.compile(folder, "-std=c++17", *WARNINGS, "-c", "main.cpp", "-o", "main.o")
    if not command.startswith("arm"):
        sources = ["tiny.c", "tiny_kernels.c", "tiny_weights.c", "tvm_ai.c"]
        HOST.compile(folder, *C99, "-c", *sources)
        compiler.compile(folder, "main.o", *(source.replace(".c", ".o") for source in sources), "-o", "main")
        assert subprocess.run([folder / "main"], timeout=30, check=False).returncode == 0


@pytest.mark.parametrize(
    ("float_abi", "toolchain", "message"),
    [
        ("hard", M4, "tiny is for the hard-float ABI: compile with -mfloat-abi=hard, or generate it with"),
        ("hard", M4_HARD, ""),
        ("hard", HOST, ""),
        ("soft", M4_HARD, "tiny is for the soft-float ABI: compile with -mfloat-abi=soft or softfp, or generate"),
        ("soft", M4, ""),
        ("soft", HOST, ""),
        ("any", M4, ""),
        ("any", M4_HARD, ""),
    ],
)
def test_the_float_abi_is_checked(float_abi: str, toolchain: Toolchain, message: str, tmp_path: Path) -> None:
    write_artifacts(emit(tiny(float_abi=float_abi)), tmp_path)
    said = complaint(toolchain, tmp_path, '#include "tiny.h"\n')
    assert message in said
    assert bool(message) == bool(said)


def test_softfp_is_the_soft_abi(tmp_path: Path) -> None:
    write_artifacts(emit(tiny(float_abi="soft")), tmp_path)
    assert complaint(M4, tmp_path, '#include "tiny.h"\n', "-mfpu=fpv4-sp-d16", "-mfloat-abi=softfp") == ""


def test_a_header_of_another_interface_version_is_refused(folder: Path) -> None:
    runtime = folder / "tvm_ai.h"
    runtime.write_text(runtime.read_text().replace("TVM_AI_API_VERSION 1", "TVM_AI_API_VERSION 2"))
    assert "tiny.h needs tvm_ai.h of interface version 1" in complaint(HOST, folder, '#include "tiny.h"\n')


def test_each_function_says_where_it_may_be_called_from() -> None:
    """A comment with "Context:" stands before each function, or before the pair that it is the comment of."""
    for header in PUBLIC:
        text = (RUNTIME / header).read_text()
        functions = re.findall(r"^[a-z][\w *]*?\b(tvm_ai_\w+)\([^;{]*\);$", text, flags=re.MULTILINE)
        comments = re.findall(r"/\*(?:[^*]|\*(?!/))*?Context: (?:any|alone)(?:[^*]|\*(?!/))*\*/\n((?:[^/]+;\n)+)", text)
        assert [name for comment in comments for name in re.findall(r"\b(tvm_ai_\w+)\(", comment)] == functions
        assert any(name.startswith("tvm_ai_create") for name in functions)
