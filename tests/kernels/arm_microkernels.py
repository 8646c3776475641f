# SPDX-License-Identifier: Apache-2.0
"""Microkernels on an emulated Cortex-M: their Arm form beside their portable form, in one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from arm_firmware import link

import tvm_stm32
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.kernels.implementation import Microkernel

INCLUDE = Path(tvm_stm32.__file__).parent / "runtime" / "include"

_HEAD = """
#include "semihosting.h"
#include "tvm_ai_kernels.h"
#include "tvm_ai_microkernels.h"
#if TVM_AI_THUMB == 2 && defined(__ARM_FEATURE_DSP) && !TVM_AI_ASSEMBLY || TVM_AI_THUMB == 0
#error "the Arm form is not compiled"
#endif

/* bytes that look random, the same on every run */
static uint32_t state = 1;
static void randomize(void *memory, uint32_t size)
{
    for (uint8_t *byte = memory; size > 0; size--, byte++) {
        state = state * 1664525u + 1013904223u;
        *byte = (uint8_t)(state >> 24);
    }
}
"""

_PORTABLE = """
#undef TVM_AI_ASSEMBLY
#define TVM_AI_ASSEMBLY 0
#undef TVM_AI_THUMB
#define TVM_AI_THUMB 0
"""

#: with DSP instructions
CORTEX_M4 = "STM32F405RGT6"
#: without, but for the head that names them
CORTEX_M3, CORTEX_M0PLUS = "STM32F103RBT6", "STM32G071RBT6"


def failures(
    folder: Path,
    microkernels: Sequence[Microkernel],
    checks: str,
    part_number: str = CORTEX_M4,
    helpers: Sequence[str] = (),
) -> str:
    """What `checks`, C functions with one ``int main(void)``, print; the portable forms are named ``portable_<name>``.

    `helpers` are further functions that the microkernels define.

    Raises:
        ToolError: the program faulted, or did not end.
    """
    distinct = {microkernel.name: microkernel.render() for microkernel in microkernels}
    aliases = "".join(f"#define {name} portable_{name}\n" for name in (*distinct, *helpers))
    originals = "".join(f"#undef {name}\n" for name in (*distinct, *helpers))
    parts = [_HEAD, *distinct.values(), _PORTABLE, aliases, *distinct.values(), originals, checks]
    part = find_part(part_number)
    outputs = []
    for build in dict.fromkeys((part, replace(part, fpu=None))):  # with the FPU's registers and without
        place = folder / str(build.fpu)
        place.mkdir()
        elf = link(build, "\n".join(parts), place, options=[f"-I{INCLUDE}"])
        outputs.append(run_elf(elf, machine_for_part(part), timeout=60).output)
    assert outputs[-1] == outputs[0], "a build without FPU registers differs"
    return outputs[0]
