# SPDX-License-Identifier: Apache-2.0
"""The machine that an environment compiles for: its flags, and what its compiler says of them.

One CPU has many spellings (``-mcpu=cortex-m4``, ``-march=armv7e-m+fp``, ``-mhard-float``), so flags are never parsed
for it: the compiler is run with them and asked for its predefined macros (``__ARM_*``, Arm C Language Extensions).
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import Any

from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError, ToolError

#: A client's flags that are no business of a library: warnings, optimisation, dialect, preprocessing, linking, and what
#: changes the arithmetic. An option of `_WITH_VALUE` that stands alone takes the next word with it.
_DROPPED = re.compile(
    r"-(W.*|w|O.*|std=.*|ansi|pedantic.*|[DUILlT].*|M[MDPFGTQ]*|include|imacros|iquote|nostd.*|nostartfiles|nodefaultlibs"
    r"|f(no-)?lto.*|f(no-)?fat-lto.*|ffast-math|funsafe-math-optimizations|fassociative-math|freciprocal-math"
    r"|ffinite-math-only|fno-signed-zeros|fsingle-precision-constant|ffp-contract=.*)"
)
_WITH_VALUE = frozenset(("-D", "-U", "-I", "-L", "-l", "-T", "-MF", "-MT", "-MQ", "-include", "-imacros", "-iquote"))

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
#: Architecture of a core -> those whose code it runs.
_RUNS = {
    "armv6-m": ("armv6-m",),
    "armv7-m": ("armv6-m", "armv7-m"),
    "armv7e-m": ("armv6-m", "armv7-m", "armv7e-m"),
    "armv8-m.base": ("armv6-m", "armv8-m.base"),
    "armv8-m.main": ("armv6-m", "armv7-m", "armv7e-m", "armv8-m.base", "armv8-m.main"),
    "armv8.1-m.main": ("armv6-m", "armv7-m", "armv7e-m", "armv8-m.base", "armv8-m.main", "armv8.1-m.main"),
}
#: The core that C for a host is generated for; it is portable all the same.
HOST_CPU = "cortex-m4"
_DOUBLE_PRECISION = 0x8  #: bit of __ARM_FP

#: The last part of a compiler driver's name, behind its prefix.
_DRIVER = re.compile(r"(gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(-[\d.]+)?(\.exe)?$")


def machine_flags(env: Any) -> list[str]:
    """The words of ``$CCFLAGS $CFLAGS`` that choose the machine, its ABI and its C library, and debug information.

    Both may be lists or one string, and hold other variables.
    """
    words = iter([str(word) for word in env.subst_list("$CCFLAGS $CFLAGS")[0]])
    kept = []
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not _DROPPED.fullmatch(word):
            kept.append(word)
    return kept


def part_flags(env: Any) -> list[str]:
    """The machine flags of `TVM_STM32_PART`.

    Raises:
        SettingsError: there is no such part.
    """
    return find_part(env.subst("$TVM_STM32_PART")).compiler_flags()


def macros(env: Any) -> dict[str, str]:
    """The macros that the environment's C compiler predefines under its machine flags.

    Raises:
        ToolError: the compiler cannot be run, or refuses the flags.
    """
    compiler = [str(word) for word in env.subst_list("$CC")[0]] or [""]
    shell = tuple((name, str(value)) for name, value in sorted(env["ENV"].items()) if isinstance(value, str))
    return _predefined((*compiler, *machine_flags(env)), shell)


@cache
def _predefined(command: tuple[str, ...], shell: tuple[tuple[str, str], ...]) -> dict[str, str]:
    ask = ["-dM", "-E", "-x", "c", "-"]
    try:
        run = subprocess.run([*command, *ask], input="", capture_output=True, text=True, check=False, env=dict(shell))
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
    part = find_part(name)
    made = _architecture(macros(env))
    if made not in _RUNS[part.core.architecture]:
        raise SettingsError(
            f"the compiler '{env.subst('$CC')}' makes code for {made or 'no Cortex-M'}, {part.name} is a {part.cpu}",
            "CC",
            "leave CC alone, or let CC and CCFLAGS say arm-none-eabi-gcc " + " ".join(part.compiler_flags()),
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


def binutils(env: Any, program: str) -> str:
    """The `program` of binutils that belongs to ``$CC``, by its prefix: arm-none-eabi-gcc has arm-none-eabi-ar.

    A client may have set a compiler and nothing else, and the host's programs know no other machine's objects. Without
    a prefix it is the environment's, such as ``$AR``, or else plain `program`.
    """
    for word in map(str, env.subst_list("$CC")[0]):
        driver = _DRIVER.search(word)
        if driver and word[: driver.start()].endswith("-"):
            return word[: driver.start()] + program
    return env.subst(f"${program.upper()}") or program
