# SPDX-License-Identifier: Apache-2.0
"""What an object file demands of the program it is linked into: machine, core architecture, FPU, float ABI.

Read from the ELF header and, for Arm, from the build attributes that every Arm compiler leaves in ``.ARM.attributes``
(Arm's "ABI for the Arm architecture: addenda", tags ``CPU_arch``, ``FP_arch``, ``ABI_HardFP_use``, ``ABI_VFP_args``,
``DSP_extension``, ``MVE_arch``).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

#: e_machine -> the name that GNU tools use
_MACHINES = {
    "EM_ARM": "arm",
    "EM_AARCH64": "aarch64",
    "EM_386": "x86",
    "EM_X86_64": "x86_64",
    "EM_RISCV": "riscv",
}

#: Tag_CPU_arch of the Cortex-M cores. Tag_CPU_arch 10 is shared with Cortex-A and told apart by the profile.
_ARCHITECTURES = {
    11: "armv6-m",
    12: "armv6-m",  # v6S-M: v6-M with the system extension, on every core that was built
    10: "armv7-m",
    13: "armv7e-m",
    16: "armv8-m.base",
    17: "armv8-m.main",
    21: "armv8.1-m.main",
}
_PROFILE_M = ord("M")
_HARDFP_SINGLE_ONLY = 1
_VFP_ARGS_IN_REGISTERS = 1


@dataclass(frozen=True, slots=True)
class Abi:
    """The demands of one object file, or of all objects of a library."""

    machine: str  #: "arm", "x86_64", "aarch64", ...
    bits: int  #: width of a pointer
    architecture: str = ""  #: "armv7e-m"; for Arm only, "" for a core that is no Cortex-M
    fpu: str = ""  #: "single" or "double" where code for an FPU was generated
    float_abi: str = ""  #: "hard": floats travel in FPU registers; "soft": in core registers; for Arm only
    dsp: bool = False  #: may use the DSP extension (SMLAD and the like)
    mve: bool = False  #: may use the M-profile vector extension (Helium)

    def __str__(self) -> str:
        if self.machine != "arm":
            return self.machine
        return f"{self.architecture or 'Arm, not Cortex-M'}, {self.float_abi} float"


def read_abi(data: bytes) -> Abi | None:
    """What the ELF object `data` demands; None for an Arm object without build attributes, which demands nothing.

    Raises:
        ELFError: `data` is no ELF object.
    """
    elf = ELFFile(io.BytesIO(data))
    machine = _MACHINES.get(elf["e_machine"], str(elf["e_machine"]).removeprefix("EM_").lower())
    if machine != "arm":
        return Abi(machine, elf.elfclass)
    tags = _arm_attributes(elf)
    if not tags:
        return None
    microcontroller = tags.get("TAG_CPU_ARCH_PROFILE") == _PROFILE_M
    architecture = _ARCHITECTURES.get(tags.get("TAG_CPU_ARCH", 0), "") if microcontroller else ""
    fpu = ""
    if tags.get("TAG_FP_ARCH"):
        fpu = "single" if tags.get("TAG_ABI_HARDFP_USE") == _HARDFP_SINGLE_ONLY else "double"
    return Abi(
        machine,
        elf.elfclass,
        architecture,
        fpu,
        "hard" if tags.get("TAG_ABI_VFP_ARGS") == _VFP_ARGS_IN_REGISTERS else "soft",
        architecture == "armv7e-m" or bool(tags.get("TAG_DSP_EXTENSION")),
        bool(tags.get("TAG_MVE_ARCH")),
    )


def _arm_attributes(elf: ELFFile) -> dict[str, int]:
    """The numeric build attributes of a whole object file, by pyelftools' names; empty when there are none."""
    section = elf.get_section_by_name(".ARM.attributes")
    if section is None:
        return {}
    if not hasattr(section, "iter_subsections"):
        raise ELFError(".ARM.attributes has the wrong section type")
    return {
        attribute.tag: attribute.value
        for subsection in section.iter_subsections()
        for subsubsection in subsection.iter_subsubsections()
        for attribute in subsubsection.iter_attributes()
        if isinstance(attribute.value, int)
    }
