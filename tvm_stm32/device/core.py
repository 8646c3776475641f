# SPDX-License-Identifier: Apache-2.0
"""Cortex-M cores: what each one has, and the compiler flags that say so."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.errors import SettingsError

FLOAT_ABIS = ("soft", "softfp", "hard")


@dataclass(frozen=True, slots=True)
class Core:
    """A Cortex-M core.

    `fpus` are the ``-mfpu`` names that the core can be built with, the smallest first; empty: it never has an FPU.
    "auto" is the FPU that the compiler takes from the core's name, and needs no flag. `march` is for cores that
    compilers in use do not know by name: what the core has, in the names of the architecture's extensions.
    """

    cpu: str
    architecture: str
    fpus: tuple[str, ...] = ()
    march: str = ""

    @property
    def flag(self) -> str:
        """What names the core to gcc and clang."""
        return f"-march={self.march}" if self.march else f"-mcpu={self.cpu}"

    @property
    def mainline(self) -> bool:
        """True when the core has configurable fault handlers and Thumb-2; False for v6-M and v8-M baseline."""
        return self.architecture not in ("armv6-m", "armv8-m.base")

    @property
    def vector_table_moves(self) -> bool:
        """True when the core has the VTOR register. It is optional on the M0+, whose STM32 parts all have it."""
        return self.cpu not in ("cortex-m0", "cortex-m1")


#: Helium with floats, and the FPU in double precision: what M52, M55 and M85 are mostly built with.
_HELIUM = "armv8.1-m.main+mve.fp+fp.dp"

CORES = {
    core.cpu: core
    for core in (
        Core("cortex-m0", "armv6-m"),
        Core("cortex-m0plus", "armv6-m"),
        Core("cortex-m1", "armv6-m"),
        Core("cortex-m3", "armv7-m"),
        Core("cortex-m4", "armv7e-m", ("fpv4-sp-d16",)),
        Core("cortex-m7", "armv7e-m", ("fpv5-sp-d16", "fpv5-d16")),
        Core("cortex-m23", "armv8-m.base"),
        Core("cortex-m33", "armv8-m.main", ("fpv5-sp-d16",)),
        Core("cortex-m35p", "armv8-m.main", ("fpv5-sp-d16",)),
        Core("cortex-m52", "armv8.1-m.main", ("auto",), _HELIUM),
        Core("cortex-m55", "armv8.1-m.main", ("auto",)),
        Core("cortex-m85", "armv8.1-m.main", ("auto",), _HELIUM),
    )
}

#: Architecture of a core -> the others whose code it runs.
_ALSO_RUNS = {
    "armv6-m": (),
    "armv7-m": ("armv6-m",),
    "armv7e-m": ("armv6-m", "armv7-m"),
    "armv8-m.base": ("armv6-m",),
    "armv8-m.main": ("armv6-m", "armv7-m", "armv7e-m", "armv8-m.base"),
    "armv8.1-m.main": ("armv6-m", "armv7-m", "armv7e-m", "armv8-m.base", "armv8-m.main"),
}


def architectures_that_run(code: str) -> list[str]:
    """The core architectures that run machine code for the architecture `code`; none for one that is no Cortex-M's."""
    return [core for core, others in _ALSO_RUNS.items() if code == core or code in others]


def find_core(name: str) -> Core:
    """The core called `name`, as in ``-mcpu``; case does not matter, ``cortex-m0+`` is ``cortex-m0plus``.

    Raises:
        SettingsError: there is no such core.
    """
    core = CORES.get(name.strip().lower().replace("m0+", "m0plus"))
    if core is None:
        raise SettingsError(f"there is no core '{name}'", "--cpu", "one of: " + ", ".join(CORES))
    return core


def compiler_flags(core: Core, fpu: str | None = None, float_abi: str | None = None) -> list[str]:
    """The machine flags of gcc and clang for `core`, e.g. ``-mcpu=cortex-m4 -mthumb -mfpu=... -mfloat-abi=hard``.

    Args:
        core: the core.
        fpu: its FPU as an ``-mfpu`` name; None when it has none, or none is known of.
        float_abi: "hard", "softfp" or "soft"; None: hard with an `fpu`, soft without. When "hard" or "softfp" is
            asked for and `fpu` is None, the core's smallest FPU is taken.

    Raises:
        SettingsError: the core cannot have that FPU, or any, or `float_abi` is not one of the three.
    """
    if float_abi is not None and float_abi not in FLOAT_ABIS:
        raise SettingsError(f"there is no float ABI '{float_abi}'", "--float-abi", "one of: " + ", ".join(FLOAT_ABIS))
    if fpu is not None and fpu not in core.fpus:
        raise SettingsError(f"{core.cpu} has no FPU '{fpu}'", "", "it may have: " + (", ".join(core.fpus) or "none"))
    float_abi = float_abi or ("hard" if fpu else "soft")
    flags = [core.flag, "-mthumb"]
    if float_abi != "soft":
        if not core.fpus:
            raise SettingsError(
                f"{core.cpu} has no FPU, so its float ABI cannot be '{float_abi}'", "--float-abi", "use soft"
            )
        fpu = fpu or core.fpus[0]
        flags += [] if fpu == "auto" else [f"-mfpu={fpu}"]
    return [*flags, f"-mfloat-abi={float_abi}"]
