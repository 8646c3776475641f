# SPDX-License-Identifier: Apache-2.0
"""The Arm form of the float microkernel gives what the portable form gives, bit by bit."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from kernels.arm_microkernels import failures

from tvm_stm32.kernels.microkernels.float_rows import FloatRows

PROGRAM = """
static float a[400], b[400], x[600], weights[1200];
static const float *const rows[] = {x + 3, x + 50, x + 100};

/* Whole numbers and eighths, of which products and sums are exact: how often they are rounded does not matter. */
static void fill(float *values, uint32_t count, float unit)
{
    for (uint32_t i = 0; i < count; i++) {
        int8_t byte;
        randomize(&byte, 1);
        values[i] = (float)byte * unit;
    }
}

static void compare(const char *name)
{
    if (memcmp(a, b, sizeof a) != 0) {
        semihosting_print(name);
        semihosting_print(" differs\\n");
    }
}

int main(void)
{
    fill(x, 600, 1.0f);
    fill(weights, 1200, 0.125f);
    %s
    semihosting_print("end\\n");
    semihosting_exit(0);
    return 0;
}
"""


def test_float_rows(tmp_path: Path) -> None:
    kernels = [FloatRows(*kind) for kind in product((False, True), repeat=4)]
    calls = []
    shapes = [(1, 1, 1, 1, 1), (3, 9, 5, 4, 7), (2, 4, 4, 6, 4), (1, 27, 8, 3, 2), (3, 3, 9, 2, 11), (2, 7, 7, 5, 3)]
    for kernel, (count, values, channels, pixels, stride) in product(kernels, shapes):
        shape = [count, values, 4 * stride, 4 * (channels + 1), channels, pixels, 0xBF800000, 0x41200000]
        calls += [f"{{ static const uint32_t shape[] = {{{', '.join(map(str, shape))}}};"]
        calls += [f"{kernel.name}(rows, weights, a, shape); portable_{kernel.name}(rows, weights, b, shape); }}"]
        calls += [f'compare("{kernel.name}");']
    assert failures(tmp_path, kernels, PROGRAM % "\n    ".join(calls)) == "end\n"
