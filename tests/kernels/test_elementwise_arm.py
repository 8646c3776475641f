# SPDX-License-Identifier: Apache-2.0
"""The Arm form of what sums, gathers and copies int8 gives what the portable form gives, bit by bit."""

from __future__ import annotations

from pathlib import Path

from kernels.arm_microkernels import failures

from tvm_stm32.kernels.microkernels.gather import Gather
from tvm_stm32.kernels.microkernels.weighted_sum import WeightedSumOfArrays

#: calls of all lengths and alignments; the results of both forms must be the same
CHECKS = """
static int8_t a[512], b[512], y[64], expected[64];
static void report(const char *name)
{
    semihosting_print(name);
    semihosting_print(" differs\\n");
}
int main(void)
{
    randomize(a, sizeof a);
    randomize(b, sizeof b);
    for (int32_t at = 0; at < 4; at++) {
        for (int32_t count = 1; count < 40; count++) {
            randomize(y, sizeof y);
            memcpy(expected, y, sizeof y);
            weighted_sum_20(a + at, b, y + at, count, 212345678, 547483647, 34567890);
            portable_weighted_sum_20(a + at, b, expected + at, count, 212345678, 547483647, 34567890);
            if (memcmp(y, expected, sizeof y) != 0) {
                report("sum");
            }
            int32_t step = at + count % 9 + 4;
            uint64_t sum = gather_sum(empty_sum(0), a + at, step, count);
            uint64_t same = portable_gather_sum(portable_empty_sum(0), a + at, step, count);
            uint64_t maximum = gather_maximum(empty_maximum(-100), a + at, step, count % 7);
            uint64_t other = portable_gather_maximum(portable_empty_maximum(-100), a + at, step, count % 7);
            for (int32_t k = 0; k < 4; k++) {
                if (gathered_sum(sum, k) != portable_gathered_sum(same, k)) {
                    report("gathered sum");
                }
                if (gathered_maximum(maximum, k) != portable_gathered_maximum(other, k)) {
                    report("gathered maximum");
                }
            }
            memcpy(y, a, sizeof y);
            tvm_ai_copy(y, y + at, count); /* over what it reads, from below */
            if (memcmp(y, a + at, (size_t)count) != 0 || memcmp(y + count, a + count, sizeof y - (size_t)count) != 0) {
                report("copy");
            }
        }
    }
    semihosting_print("end\\n");
    semihosting_exit(0);
    return 0;
}
"""


def test_forms_are_equal(tmp_path: Path) -> None:
    microkernels = [WeightedSumOfArrays(20), Gather("sum"), Gather("maximum")]
    helpers = [f"{part}_{what}" for part in ("empty", "gathered") for what in ("sum", "maximum")]
    assert failures(tmp_path, microkernels, CHECKS, helpers=helpers) == "end\n"
