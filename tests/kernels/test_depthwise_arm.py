# SPDX-License-Identifier: Apache-2.0
"""The Arm form of the depthwise microkernels gives what the portable form gives, bit by bit."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from kernels.arm_microkernels import failures

from tvm_stm32.kernels.microkernels.depthwise import SCALE, DepthwisePlane, pack_channels
from tvm_stm32.kernels.microkernels.depthwise_window import DepthwiseWindow, pack_windows
from tvm_stm32.kernels.microkernels.split import Split
from tvm_stm32.quantize.thresholds import Narrow, NarrowLayer

CHANNELS = 3

BUFFERS = """
static uint32_t a[4096], b[4096];
static int16_t planes[8192];
static int8_t x[16384];
static void begin(void)
{
    randomize(a, sizeof a);
    memcpy(b, a, sizeof a);
}
static void compare(const char *name)
{
    if (memcmp(a, b, sizeof a) != 0) {
        semihosting_print(name);
        semihosting_print(" differs\\n");
    }
}
"""


def program(declarations: str, calls: list[str]) -> str:
    """Runs each of `calls`, in which FORM stands for a form's prefix and TO for what it writes, and compares."""
    lines = ["randomize(x, sizeof x);", "for (int i = 0; i < 8192; i++) { planes[i] = x[i]; }"]
    for call in calls:
        lines += ["begin();", call.replace("FORM", "").replace("TO", "a")]
        lines += [call.replace("FORM", "portable_").replace("TO", "b"), f'compare("{call}");']
    body = "".join(f"    {line}\n" for line in [*lines, 'semihosting_print("end\\n");'])
    return f"{BUFFERS}{declarations}int main(void)\n{{\n{body}    semihosting_exit(0);\n    return 0;\n}}\n"


def table(name: str, values: npt.NDArray[np.int32]) -> str:
    """An array in C."""
    return f"static const int32_t {name}[] = {{{', '.join(map(str, values.tolist()))}}};\n"


def rounding(shift: int, signed: bool, rng: np.random.Generator, scale: int = 16) -> NarrowLayer:
    """Requantization that brings sums of a few thousand to what int8 holds; shift 0: one for each channel."""
    channels = []
    for index in range(CHANNELS):
        own = shift or 5 + 2 * index
        addend = int(rng.integers(-60 << own, 60 << own))
        negative = addend - int(rng.integers(0, 1 << own)) if signed else addend
        channels.append(Narrow(scale, int(rng.integers(1 << 22, 1 << 23)) // scale << own, addend, negative, own))
    return NarrowLayer(shift, signed, tuple(channels))


def test_split(tmp_path: Path) -> None:
    split = Split()
    calls = [
        f"FORM{split.name}(x + {at}, (int16_t *)TO + {skip}, {step}, {count}, {row_step}, {rows}, {row_bytes}, 2000);"
        for at, step in ((0, 4), (1, 7), (2, 18), (0, 320))
        for skip in (0, 1, 2, 3)
        for count, row_step, rows, row_bytes in (
            (1, 4, 3, 12),
            (2, 31, 2, 20),
            (3, 64, 1, 40),
            (7, 90, 4, 24),
            (24, 5, 0, 60),
        )
    ]
    calls += [f"FORM{split.name}(x, (int16_t *)TO + 1, 24, {count}, 600, 9, 64, 1000);" for count in range(1, 26)]
    assert failures(tmp_path, [split], program("", calls)) == "end\n"


def test_planes(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    kernels, calls, tables = [], [], []
    for stride, row_bytes in ((1, 40), (2, 68)):
        for outputs, inner, outer in ((1, 5, 9), (2, 4, 8), (3, 3, 100), (5, 8, 40), (7, 60, 500), (16, 7, 120)):
            for shift, signed, odd, clamp in (
                (3, False, True, None),
                (9, True, False, (-128, 40)),
                (11, False, False, (-20, 100)),
                (0, True, True, None),
            ):
                own = DepthwisePlane(stride, row_bytes, outputs, inner, outer, shift, signed, odd, clamp)
                weights, biases = rng.integers(-128, 128, (CHANNELS, 3, 3)), rng.integers(-9999, 9999, CHANNELS)
                packed = pack_channels(weights, biases, rounding(shift, signed, rng, SCALE), stride)
                tables.append(table(f"table_{len(tables)}", packed))
                anywhere = replace(own, inner_bytes=0, outer_bytes=0)
                for kernel in (own, replace(own, unroll=3 + 4 * odd), anywhere, replace(anywhere, unroll=1)):
                    for lines in (2, 3, 7) if odd else (2, 6):
                        arguments = f"planes, table_{len(tables) - 1}, (int8_t *)TO, {lines}, {CHANNELS}, 1200"
                        arguments += f", {inner}, {outer}" if kernel.any_output else ""
                        calls.append(f"FORM{kernel.name}({arguments});")
                    kernels.append(kernel)
    assert failures(tmp_path, kernels, program("".join(tables), calls)) == "end\n"


def test_windows(tmp_path: Path) -> None:
    """Kernels of all sizes and strides; rows that are a loop; offsets that no immediate holds."""
    rng = np.random.default_rng(6)
    shapes = [(1, 1), (3, 3), (5, 5), (2, 2), (4, 3), (1, 8), (7, 7), (9, 9), (2, 25), (3, 1)]
    steps = [(1, 44, 44), (2, 80, 160), (3, 100, 200), (1, 200, 44), (4, 120, 60), (5, 160, 160)]
    kernels, calls, tables = [], [], []
    for (rows, taps), (stride, row_step, band_step) in itertools.product(shapes, steps):
        outputs = int(rng.integers(1, 10))
        inner, outer = ((3, 30), (400, 5), (1, 4100), (1500, 6))[len(kernels) // 2 % 4]
        shift, signed, clamp = ((3, False, None), (9, True, (-9, 127)), (11, False, None), (0, True, (-70, 70)))[
            len(kernels) % 4
        ]
        paired = stride % 2 == 1 and (outputs > 1 or len(kernels) % 5 == 0)
        kernel = DepthwiseWindow(
            rows, taps, stride, paired, row_step, band_step, outputs, inner, outer, shift, signed, clamp
        )
        assert kernel.possible()
        weights, biases = rng.integers(-127, 128, (CHANNELS, rows, taps)), rng.integers(-9999, 9999, CHANNELS)
        packed = pack_windows(weights, biases, rounding(shift, signed, rng), kernel)
        tables.append(table(f"table_{len(kernels)}", packed))
        lines = 3 if outer < 4000 else 2
        arguments = f"planes, table_{len(kernels)}, (int8_t *)TO, {lines}, {CHANNELS}, 1200"
        calls.append(f"FORM{kernel.name}({arguments});")
        kernels.append(kernel)
    assert any(kernel.looped for kernel in kernels)
    assert failures(tmp_path, kernels, program("".join(tables), calls)) == "end\n"
