# SPDX-License-Identifier: Apache-2.0
"""The products of bytes for Thumb-2 and for Armv6-M give what their portable form gives, for every count of inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernels.arm_microkernels import CORTEX_M0PLUS, CORTEX_M3, CORTEX_M4, failures

from tvm_stm32.kernels.microkernels.products import PixelPair, SinglePixel

CHECKS = """
static int8_t x[80], weights[4 * 40];
static int32_t a[9], b[9];

static void compare(const char *name, int32_t count)
{
    if (memcmp(a, b, sizeof a) != 0) {
        semihosting_print(name);
        semihosting_print(count % 2 != 0 ? " differs at an odd count\\n" : " differs at an even count\\n");
    }
}

int main(void)
{
    for (int32_t count = 0; count < 40; count++) {
        randomize(x, sizeof x);
        randomize(weights, sizeof weights);
        for (int32_t distance = 0; distance < 40; distance += 13) {
            for (int32_t i = 0; i < 9; i++) {
                a[i] = b[i] = 1000 * count - 7 * i;
            }
            products_1x4(x + distance, weights, count, a);
            portable_products_1x4(x + distance, weights, count, b);
            compare("products_1x4", count);
            products_2x4(x, distance, weights, count, a);
            portable_products_2x4(x, distance, weights, count, b);
            compare("products_2x4", count);
        }
    }
    semihosting_print("end\\n");
    semihosting_exit(0);
    return 0;
}
"""


@pytest.mark.parametrize("part", [CORTEX_M0PLUS, CORTEX_M3, CORTEX_M4])
def test_products(part: str, tmp_path: Path) -> None:
    assert failures(tmp_path, [SinglePixel(), PixelPair()], CHECKS, part) == "end\n"
