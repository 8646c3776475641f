# SPDX-License-Identifier: Apache-2.0
"""The toolchain of an environment: the flags of a client that a library needs too, the binutils of its compiler, and
the compiler of a part for a client that has chosen none.
"""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from typing import Any

from SCons.Defaults import CAction, StaticObjectEmitter
from SCons.Tool import createObjBuilders, createStaticLibBuilder

from tvm_stm32.device.part import Part, find_part
from tvm_stm32.scons.errors import construction_variable

#: A client's flags that are no business of a library: warnings, optimisation, dialect, preprocessing, linking, and what
#: changes the arithmetic. An option of `_WITH_VALUE` that stands alone takes the next word with it. Without builtins,
#: which -ffreestanding turns off, each load of four bytes by memcpy would be a call.
_DROPPED = re.compile(
    r"-(W.*|w|O.*|std=.*|ansi|pedantic.*|[DUILlTuz].*|X(linker|assembler|preprocessor)|M[MDPFGTQ]*|include|imacros|iquote"
    r"|nostd.*|nostartfiles|nodefaultlibs|ffreestanding|fhosted|f(no-)?builtin.*"
    r"|f(no-)?(inline|unroll|tree|ipa|peel|gcse|schedule)\b.*|f(no-)?lto.*|f(no-)?fat-lto.*"
    r"|ffast-math|funsafe-math-optimizations|fassociative-math|freciprocal-math"
    r"|ffinite-math-only|fno-signed-zeros|fsingle-precision-constant|ffp-contract=.*)"
)
_WITH_VALUE = frozenset(
    "-D -U -I -L -l -T -u -z -MF -MT -MQ -include -imacros -iquote -Xlinker -Xassembler -Xpreprocessor".split()
)

#: The last part of a compiler driver's name, behind its prefix.
_DRIVER = re.compile(r"(gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(-[\d.]+)?(\.exe)?$")

#: What the default tools of SCons take as the compiler when nobody has chosen one.
_DEFAULT_COMPILERS = (None, "gcc", "cc", "clang")


def machine_flags(env: Any) -> list[str]:
    """The words of ``$CCFLAGS $CFLAGS $CPPFLAGS`` that choose the machine, its ABI and its C library, and debug
    information.

    Each may be a list or one string, and hold other variables.
    """
    words = iter(_words(env, "$CCFLAGS $CFLAGS $CPPFLAGS"))
    kept = []
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not _DROPPED.fullmatch(word):
            kept.append(word)
    return kept


def compiler(env: Any) -> list[str]:
    """The words of ``$CC``, without quotes."""
    return _words(env, "$CC")


def _words(env: Any, text: str) -> list[str]:
    """The words that a shell makes of `text` with its variables: one for each element of a list, strings may quote."""
    parts = [str(part) for part in env.subst_list(text)[0]]
    lexer = shlex.shlex(" ".join(shlex.quote(part) if re.search(r"\s", part) else part for part in parts), posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    if os.sep == "\\":
        lexer.escape = ""  # it stands in paths there
    try:
        return list(lexer)
    except ValueError:  # a quote is not closed: whoever runs the command will say so
        return parts


def binutils(env: Any, program: str) -> str:
    """The `program` of binutils that belongs to ``$CC``, by its prefix: arm-none-eabi-gcc has arm-none-eabi-ar.

    A client may have set a compiler and nothing else, and the host's programs know no other machine's objects. Without
    a prefix it is the environment's, such as ``$AR``, or else plain `program`.
    """
    for word in compiler(env):
        driver = _DRIVER.search(word)
        if driver and word[: driver.start()].endswith("-"):
            path = word[: driver.start()] + program
            return f'"{path}"' if " " in path else path
    return env.subst(f"${program.upper()}") or program


def add_builders(env: Any) -> None:
    """Add SCons' builders of objects and static libraries where the tools of `env` have not brought them."""
    objects, _ = createObjBuilders(env)
    if ".c" not in objects.src_suffixes(env):
        objects.add_action(".c", CAction)
        objects.add_emitter(".c", StaticObjectEmitter)
    createStaticLibBuilder(env)


def choose_compiler(env: Any) -> None:
    """With `TVM_STM32_PART` and no compiler of the client's, make it the part's, from the GNU toolchain for Arm.

    The machine flags are part of the commands' names, so that a client's CCFLAGS do not replace them.
    """
    if not env.get("TVM_STM32_PART") or env.get("CC") not in _DEFAULT_COMPILERS:
        return
    env.SetDefault(TVM_STM32_PREFIX="arm-none-eabi-", TVM_STM32_MACHINE_FLAGS=construction_variable(_part_flags))
    env.Replace(
        CC="${TVM_STM32_PREFIX}gcc $TVM_STM32_MACHINE_FLAGS",
        CXX="${TVM_STM32_PREFIX}g++ $TVM_STM32_MACHINE_FLAGS",
        AS="${TVM_STM32_PREFIX}as $TVM_STM32_MACHINE_FLAGS",
        AR="${TVM_STM32_PREFIX}ar",
        RANLIB="${TVM_STM32_PREFIX}ranlib",
        OBJCOPY="${TVM_STM32_PREFIX}objcopy",
    )


def _part_flags(env: Any) -> list[str]:
    """The machine flags of `TVM_STM32_PART`.

    Raises:
        SettingsError: there is no such part.
    """
    return part_of(env.subst("$TVM_STM32_PART")).compiler_flags()


@cache
def part_of(name: str) -> Part:
    """The part called `name`; a build of many models asks some thousand times.

    Raises:
        SettingsError: there is no such part.
    """
    return find_part(name)
