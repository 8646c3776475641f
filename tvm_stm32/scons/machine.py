# SPDX-License-Identifier: Apache-2.0
"""The machine that an environment compiles for, as its compiler tells it.

One CPU has many spellings (``-mcpu=cortex-m4``, ``-march=armv7e-m+fp``, ``-mhard-float``), so flags are never parsed
for it: the compiler is run with them and asked for its predefined macros (``__ARM_*``, Arm C Language Extensions).
"""

from __future__ import annotations

import subprocess
from functools import cache
from typing import Any

from tvm_stm32.device.core import architectures_that_run
from tvm_stm32.errors import SettingsError, ToolError
from tvm_stm32.scons.toolchain import compiler, machine_flags, part_of

#: Macro of a compiler for a Cortex-M -> the architecture.
_ARCHITECTURES = {
    "__ARM_ARCH_6M__": "armv6-m",
    "__ARM_ARCH_7M__": "armv7-m",
    "__ARM_ARCH_7EM__": "armv7e-m",
    "__ARM_ARCH_8M_BASE__": "armv8-m.base",
    "__ARM_ARCH_8M_MAIN__": "armv8-m.main",
    "__ARM_ARCH_8_1M_MAIN__": "armv8.1-m.main",
}
#: Architecture -> the core to generate for when no part says which.
_CORES = {
    "armv6-m": "cortex-m0",
    "armv7-m": "cortex-m3",
    "armv7e-m": "cortex-m4",
    "armv8-m.base": "cortex-m23",
    "armv8-m.main": "cortex-m33",
    "armv8.1-m.main": "cortex-m55",
}
#: The core that C for a host is generated for; it is portable all the same.
HOST_CPU = "cortex-m4"
_DOUBLE_PRECISION = 0x8  #: bit of __ARM_FP


def macros(env: Any) -> dict[str, str]:
    """The macros that the environment's C compiler predefines under its machine flags.

    Raises:
        ToolError: the compiler cannot be run, or refuses the flags.
    """
    words = compiler(env) or [""]
    shell = tuple((name, str(value)) for name, value in sorted(env["ENV"].items()) if isinstance(value, str))
    return _predefined((*words, *machine_flags(env)), shell, env.Dir("#").abspath)


@cache
def _predefined(command: tuple[str, ...], shell: tuple[tuple[str, str], ...], folder: str) -> dict[str, str]:
    """Macros told by `command`, run in `folder` as commands are; while an SConscript is read, SCons is elsewhere."""
    ask = [*command, "-dM", "-E", "-x", "c", "-"]
    try:
        run = subprocess.run(ask, input="", capture_output=True, text=True, check=False, env=dict(shell), cwd=folder)
    except OSError as error:
        raise ToolError(
            f"the C compiler '{command[0]}' cannot be run: {error.strerror}",
            "CC",
            "install it (on Debian: gcc-arm-none-eabi), or add its folder to the environment's ENV['PATH']",
        ) from error
    if run.returncode:
        reason = (run.stderr.strip() or "it gives no reason").splitlines()[0]
        raise ToolError(f"the C compiler does not take these flags: {reason}", " ".join(command), "see CC and CCFLAGS")
    defines = (line.split(" ", 2)[1:] for line in run.stdout.splitlines() if line.startswith("#define "))
    return {name: "".join(value) for name, *value in defines}


def cpu(env: Any) -> str:
    """The core that the environment's compiler makes code for, e.g. "cortex-m4"; `HOST_CPU` if it is no Cortex-M.

    The M7's single-precision FPU cannot be told from the M4's; such a compiler is taken for an M4's.

    Raises:
        ToolError: the compiler cannot be run.
    """
    defined = macros(env)
    core = _CORES.get(_architecture(defined), HOST_CPU)
    double = int(defined.get("__ARM_FP", "0"), 0) & _DOUBLE_PRECISION
    return "cortex-m7" if core == "cortex-m4" and double else core


def target_options(env: Any) -> list[str]:
    """``--part`` or ``--cpu`` of the generator, for an environment with `TVM_STM32_PART` or without.

    Raises:
        SettingsError: there is no such part, or the compiler makes code that it cannot run.
        ToolError: the compiler cannot be run.
    """
    name = env.subst("$TVM_STM32_PART")
    if not name:
        return ["--cpu", env.subst("$TVM_STM32_CPU")]
    part = part_of(name)
    made = _architecture(macros(env))
    if part.core.architecture not in architectures_that_run(made):
        raise SettingsError(
            f"the compiler '{env.subst('$CC')}' makes code for {made or 'no Cortex-M'}, {part.name} is a {part.cpu}",
            "CC",
            f'make the Environment with TVM_STM32_PART="{part.name}" and leave CC alone, or let CC and CCFLAGS say '
            + " ".join(["arm-none-eabi-gcc", *part.compiler_flags()]),
        )
    return ["--part", name]


def _architecture(defined: dict[str, str]) -> str:
    """The Cortex-M architecture that the macros `defined` speak of, as in `Core.architecture`; "" for none."""
    if "__ARM_FEATURE_MVE" in defined:  # gcc 12 has no macro of its own for v8.1-M
        return "armv8.1-m.main"
    return next((name for macro, name in _ARCHITECTURES.items() if macro in defined), "")


def is_cortex_m(env: Any) -> bool:
    """Whether the compiler makes code for a Cortex-M, rather than for a host.

    Raises:
        ToolError: the compiler cannot be run.
    """
    return bool(_architecture(macros(env)))


def float_abi(env: Any) -> str:
    """ "hard" or "soft", where the compiler passes floats on an Arm (softfp is "soft"); "any" on a host.

    Raises:
        ToolError: the compiler cannot be run.
    """
    defined = macros(env)
    if "__arm__" not in defined:
        return "any"
    return "hard" if "__ARM_PCS_VFP" in defined else "soft"
