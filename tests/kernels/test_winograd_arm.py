# SPDX-License-Identifier: Apache-2.0
"""The Arm form of the Winograd microkernels gives what the portable form gives, bit by bit."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernels.arm_microkernels import failures

from tvm_stm32.kernels.microkernels.winograd import InputTransform, OutputTransform, Products

TILES = pytest.mark.parametrize("tile", [2, 4])

COMPARE = """
static uint32_t a[{words}], b[{words}];
static void compare(const char *name)
{{
    if (memcmp(a, b, sizeof a) != 0) {{
        semihosting_print(name);
        semihosting_print(" differs\\n");
    }}
}}
"""


def program(words: int, declarations: str, calls: list[str]) -> str:
    """Run `calls`, each of which fills a and b, which it finds equal, and compares them."""
    body = "".join(f"        {call}\n" for call in calls)
    main = f"int main(void)\n{{\n    for (int round = 0; round < 4; round++) {{\n{body}    }}\n"
    main += '    semihosting_print("end\\n");\n    semihosting_exit(0);\n    return 0;\n}\n'
    return COMPARE.format(words=words) + declarations + main


@TILES
def test_input_transform(tile: int, tmp_path: Path) -> None:
    size = tile + 2
    transforms = [
        InputTransform(tile, channels, unroll) for channels, unroll in ((4, 1), (20, 2), (16, size), (196, 2))
    ]
    calls = []
    for transform in transforms:
        row_bytes = size * transform.channels + 8
        calls += ["randomize(a, sizeof a); memcpy(b, a, sizeof a); randomize(x, sizeof x);"]
        for at in (0, 1):  # the first and the second tile
            calls += [f"{form}{transform.name}(x, {row_bytes}, (int32_t *){to} + {at});" for form, to in FORMS]
        calls += [f'compare("{transform.name}");']
    declarations = f"static int8_t x[{size * (size * 196 + 8)}];\n"
    assert failures(tmp_path, transforms, program(size * size * 196, declarations, calls)) == "end\n"


@TILES
def test_products(tile: int, tmp_path: Path) -> None:
    kernels = [Products(tile, channels, unroll) for channels, unroll in ((4, 16), (20, 16), (32, 16), (36, 4), (64, 8))]
    calls = []
    for kernel in kernels:
        calls += [
            "randomize(v, sizeof v); randomize(stream, sizeof stream); memset(a, 0, sizeof a); memcpy(b, a, sizeof a);"
        ]
        calls += [f"{form}{kernel.name}(v, stream, (int32_t *){to});" for form, to in FORMS]
        calls += [f'compare("{kernel.name}");']
    positions = (tile + 2) ** 2
    declarations = f"static int32_t v[{positions * 64}], stream[{positions * 128}];\n"
    assert failures(tmp_path, kernels, program(positions * 8 + 8, declarations, calls)) == "end\n"


@TILES
def test_output_transform(tile: int, tmp_path: Path) -> None:
    kernels = [
        OutputTransform(tile, pixel, row, shift, signed)
        for pixel, row in ((4, 16), (7, 28), (16, 512), (9, 1500), (3, 4093), (1, 5000), (40, 4000))
        for shift, signed in ((3, False), (17, True))
    ]
    calls = []
    for kernel in kernels:
        for channels in (1, 4):
            calls += ["randomize(products, sizeof products); randomize(constants, sizeof constants);"]
            calls += ["limit(constants); memset(a, 0, sizeof a); memcpy(b, a, sizeof a);"]
            for at in (0, 4):  # the first and the second tile
                calls += [
                    f"{form}{kernel.name}(products + {at}, constants, (int8_t *){to} + {at}, {channels});"
                    for form, to in FORMS
                ]
            calls += [f'compare("{kernel.name}");']
    positions = (tile + 2) ** 2
    declarations = f"""
static int32_t products[{positions * 8}], constants[16];
/* addends small enough that their sums with a high half fit 32 bits */
static void limit(int32_t *values)
{{
    for (int i = 0; i < 16; i++) {{
        values[i] /= 4;
    }}
}}
"""
    assert failures(tmp_path, kernels, program(tile * 5000 // 4 + 8, declarations, calls)) == "end\n"


#: prefix of a form's name, and the buffer it fills
FORMS = (("", "a"), ("portable_", "b"))
