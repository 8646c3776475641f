# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.toolchains import C99, HOST
from tvm_stm32.codegen.c_text import comment, float_literal, formatted, initializer, plain, string_literal, wrapped

HOSTILE = [
    "*/ int x;",
    "/* open",
    "*/*/",
    "/*/",
    "a??/",
    "?" * 5,
    "end\\",
    "\\\n*/",
    "é\u2028\x00\r",
    "*" * 200,
    "x/" * 99,
]


def run_c(folder: Path, text: str) -> bytes:
    """Compile `text` without a warning on the host and return what it prints."""
    (folder / "main.c").write_text(text)
    HOST.compile(folder, *C99, "-Wno-unused-variable", "main.c", "-o", "main", "-lm")
    return subprocess.run([folder / "main"], capture_output=True, timeout=30, check=True).stdout


def test_float_literals_read_back_as_the_same_bits(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2**32, 2000, np.uint32)
    special = [0.0, -0.0, 1.0, 0.1, 1 / 3, 16777216.0, 1e-45, -3.4028235e38, 1.1754942e-38, np.inf, -np.inf]
    values = np.concatenate([bits.view(np.float32), np.array(special, np.float32)])
    values = values[~np.isnan(values)]
    body = initializer(values, "float32")
    printed = run_c(
        tmp_path,
        "#include <math.h>\n#include <stdio.h>\n#include <string.h>\n#include <stdint.h>\n"
        f"static const float values[] = {body};\n"
        "int main(void) {\n  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {\n"
        "    uint32_t bits;\n    memcpy(&bits, &values[i], 4);\n"
        '    printf("%lu\\n", (unsigned long)bits);\n  }\n  return 0;\n}\n',
    )
    assert [int(line) for line in printed.split()] == values.view(np.uint32).tolist()


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1.0f"), (0.1, "0.1f"), (-1e-10, "-1e-10f"), (np.nan, "NAN"), (-np.inf, "-INFINITY")]
)
def test_float_literals_are_short(value: float, text: str) -> None:
    assert float_literal(value) == text


def test_arrays_stand_in_columns_of_at_most_120() -> None:
    lines = initializer(np.arange(-128, 128, dtype=np.int8), "int8", 4).split("\n")
    assert (lines[0], lines[-1]) == ("{", "    }")
    assert len(lines) == 18
    assert lines[1].startswith("        -128, -127, ")
    assert lines[-2].endswith(",  127")
    assert {len(line) for line in lines[1:-2]} == {8 + 16 * 6 - 1}
    assert max(map(len, initializer([-(2**31)] * 50, "int32", 4).split("\n"))) <= 120


def test_short_arrays_stay_on_their_line() -> None:
    assert initializer([-(2**31), 5], "int32") == "{INT32_MIN, 5}"
    assert initializer([0.5], "float32") == "{0.5f}"


def test_strings_hold_the_names_bytes(tmp_path: Path) -> None:
    names = [*HOSTILE, "", 'say "x"', "trailing\x011", "日本" * 50, "name;" * 40]
    names = [name.replace("\x00", "") for name in names]
    puts = "".join(f'    printf("%s|", {string_literal(name, 8)});\n' for name in names)
    printed = run_c(tmp_path, f"#include <stdio.h>\nint main(void)\n{{\n{puts}    return 0;\n}}\n")
    assert printed.decode() == "".join(f"{name}|" for name in names)


def test_a_string_beyond_use_is_cut() -> None:
    text = string_literal("é" * 4000, 4)
    assert text.endswith('..."')
    assert len(text) < 5000


def test_comments_cannot_be_left(tmp_path: Path) -> None:
    comments = "".join(f"{comment(text, 4)}\n    count++;\n" for text in HOSTILE)
    text = f'#include <stdio.h>\nint main(void)\n{{\n    int count = 0;\n{comments}    printf("%d", count);\n}}\n'
    assert run_c(tmp_path, text) == str(len(HOSTILE)).encode()


@given(st.text(), st.integers(0, 8))
@example("x" * 113, 4)
@example("x" * 114 + "\\", 0)
@example("y " * 200 + "*/", 4)
def test_comments_are_ascii_of_at_most_120_columns(text: str, indent: int) -> None:
    result = comment(text, indent)
    assert result.startswith(" " * indent + "/*")
    assert result.endswith("*/")
    inside = result.strip()[2:-2]
    assert "*/" not in inside
    assert "/*" not in inside
    assert "??" not in inside
    assert re.fullmatch(r"[\n -~]*", inside)
    for line in result.split("\n"):
        assert len(line) <= 120
        assert not line.endswith("\\")


def test_comments_keep_plain_text() -> None:
    assert comment("one line") == "/* one line */"
    assert comment("two\nlines", 4) == "    /*\n     * two\n     * lines\n     */"
    assert plain("tab\t é ok") == "tab\\t \\xe9 ok"


def test_code_is_broken_where_a_reader_would() -> None:
    call = f"f({', '.join(['argument'] * 20)});"
    lines = wrapped(call, 4).split("\n")
    assert [len(line) <= 120 for line in lines] == [True, True]
    assert lines[0].startswith("    f(argument, ")
    assert lines[0].endswith(",")
    assert lines[1].startswith("        argument")
    assert " ".join(line.strip() for line in lines) == call
    assert wrapped("x = " + "+".join("abcdefgh" for _ in range(20)) + ";").count("\n") == 1  # no place to break but one


def test_bodies_are_in_our_form() -> None:
    body = "{\n  if (a) {\n    y[(i + 1)] = ((int8_t)(b * (c)));\n\n  }\n}\n"
    assert formatted(body) == "{\n    if (a) {\n        y[i + 1] = (int8_t)(b * c);\n\n    }\n}\n"
