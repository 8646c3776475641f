# SPDX-License-Identifier: Apache-2.0
"""What kernels may count on, and what the user wants of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """dsp: Armv7E-M's or Armv8-M's DSP instructions are there, perhaps an FPU; objective: "time", "ram" or "balanced";
    long: multiplication to 64 bits is there; fused: one instruction of the FPU multiplies and adds faster than two.
    """

    dsp: bool = False
    objective: str = "balanced"
    long: bool = True
    fused: bool = False

    @property
    def scratch(self) -> int:
        """Bytes beyond which a kernel that could use more scratch should not go, if it can do with less."""
        return 1024 if self.objective == "ram" else 4096


#: cores whose DSP instructions every STM32 with the core has
_DSP_CORES = frozenset(
    {"cortex-m4", "cortex-m7", "cortex-m33", "cortex-m35p", "cortex-m52", "cortex-m55", "cortex-m85"}
)
#: cores that start a fused multiplication every cycle; others take three
_FUSED_CORES = frozenset({"cortex-m7", "cortex-m52", "cortex-m55", "cortex-m85"})
#: cores of Armv6-M and Armv8-M Baseline, which multiply 32 bits to 32
_SHORT_CORES = frozenset({"cortex-m0", "cortex-m0plus", "cortex-m1", "cortex-m23"})


def target_of(cpu: str, objective: str) -> Target:
    """The target of a core such as "cortex-m4"."""
    return Target(cpu in _DSP_CORES, objective, cpu not in _SHORT_CORES, cpu in _FUSED_CORES)
