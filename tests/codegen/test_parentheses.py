# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.toolchains import HOST
from tvm_stm32.codegen.parentheses import without_needless_parentheses


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("acc[0] = (acc[0] + (value * ((int32_t)w[(c + 1)])));", "acc[0] = acc[0] + value * (int32_t)w[c + 1];"),
        ("y[i] = ((int8_t)clamp((scale(a[0], b[(i + 1)]) - 128), -128, 127));",
         "y[i] = (int8_t)clamp(scale(a[0], b[i + 1]) - 128, -128, 127);"),
        ("  for (int32_t k = 0; k < (((10) < (v) ? (10) : (v)) - c); ++k) {",
         "  for (int32_t k = 0; k < (10 < v ? 10 : v) - c; ++k) {"),
        ("x = ((a + (b + c)) - (d - e));", "x = a + (b + c) - (d - e);"),
        ("x = ((a / (b * c)) * (d % (e)));", "x = a / (b * c) * (d % e);"),
        ("x = (((float)(a + b)) * (c));", "x = (float)(a + b) * c;"),
        ("x = (((a << 2) + 1) & (b + 1));", "x = ((a << 2) + 1) & (b + 1);"),
        ("if (((a == 3) && (b < c))) {", "if ((a == 3) && (b < c)) {"),
        ("x = (a - (-128)) + (-(-b));", "x = a - (-128) + (-(-b));"),
        ("x = (a ? (b < c) : (d * e));", "x = a ? (b < c) : d * e;"),
        ("f((a), (b, c), ((float*)p)[(2)]);", "f(a, (b, c), ((float*)p)[2]);"),
        ("x = (a) * 1.5e-03f + ((1e+2f));", "x = a * 1.5e-03f + 1e+2f;"),
        ("n = sizeof(int32_t) * (size_t)(n);", "n = sizeof(int32_t) * (size_t)n;"),
    ],
)  # fmt: skip
def test_what_goes_and_what_stays(line: str, expected: str) -> None:
    assert without_needless_parentheses(line) == expected
    assert without_needless_parentheses(expected) == expected


@pytest.mark.parametrize(
    "line", ['s = ("(a)");', "c = ((')'));", "#define X ((1))", "x = ((1)); // ((", "x = ((1);", ""]
)
def test_what_is_not_understood_is_left_alone(line: str) -> None:
    assert without_needless_parentheses(line) == line


def expression(source: random.Random, depth: int, real: bool) -> str:
    """A random expression with parentheses around everything, as TVM prints it."""
    if depth == 0:
        return source.choice(["a", "b", "c", "7.5f", "0.1f"] if real else ["i", "j", "k", "3u", "41u"])
    left, middle, right = (expression(source, depth - source.randint(1, depth), real) for _ in range(3))
    compared = f"(({left}) {source.choice(['<', '>=', '=='])} ({middle}))"
    if source.random() < 0.2:
        return f"({compared} ? ({left}) : ({right}))"
    if source.random() < 0.1:
        return f"((float)({left}))" if real else f"((uint32_t){left})"
    if source.random() < 0.1:
        return f"(-({left}))" if real else f"(~({left}))"
    operators = ["+", "-", "*", "/"] if real else ["+", "-", "*", "&", "|", "^", "<<", ">>"]
    operator = source.choice(operators)
    return f"(({left}) {operator} ({right} & 15u))" if operator in ("<<", ">>") else f"({left} {operator} {right})"


def test_values_stay_the_same(tmp_path: Path) -> None:
    """Float arithmetic is not associative, so a group too many taken out shows; and compilers miss none of them."""
    source = random.Random(1)
    functions, calls, shorter = [], [], 0
    for number in range(400):
        real = number % 2 == 0
        full = expression(source, source.randint(2, 6), real)
        short = without_needless_parentheses(f"return {full};").removeprefix("return ").removesuffix(";")
        shorter += len(short) < len(full)
        parameters = "float a, float b, float c" if real else "uint32_t i, uint32_t j, uint32_t k"
        result = "float" if real else "uint32_t"
        values = ["1.7f, -2.3f, 1e7f", "0.3f, 0.7f, -5e-6f"] if real else ["9u, 2u, 4000000000u", "5u, 77u, 0u"]
        for kind, text in (("full", full), ("short", short)):
            functions.append(f"static {result} {kind}_{number}({parameters}) {{ return {text}; }}")
        for arguments in values:
            calls.append(f"    wrong += differ({number}, full_{number}({arguments}), short_{number}({arguments}));")
    text = """#include <math.h>
#include <stdint.h>
#include <stdio.h>
static int differ(int number, double full, double short_)
{
    int same = full == short_ || (isnan(full) && isnan(short_));
    if (!same) printf("%d: %g %g\\n", number, full, short_);
    return !same;
}
"""
    text += "\n".join([*functions, "int main(void)\n{\n    int wrong = 0;", *calls, "    return wrong != 0;\n}\n"])
    (tmp_path / "main.c").write_text(text)
    HOST.compile(tmp_path, "-std=c99", "-Wparentheses", "-Werror", "main.c", "-o", "main")
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert shorter > 300
