# SPDX-License-Identifier: Apache-2.0
"""Which model names can prefix C identifiers."""

from __future__ import annotations

import re

from tvm_stm32.errors import SettingsError

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

#: keywords of C up to C23 and of C++ up to C++20, and words that compilers and headers make macros of
RESERVED = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class co_await
    co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do
    double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast
    requires restrict return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile
    wchar_t while xor xor_eq linux unix main errno
    """.split()
)

#: headers of C, and common ones of its libraries, that a <name>.h in a folder given with -I would take the place of
_SYSTEM_HEADERS = frozenset(
    """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
    alloca malloc memory pthread sched semaphore strings unistd
    """.split()
)


def check_name(name: str) -> None:
    """Refuse a model name that cannot prefix C identifiers.

    Raises:
        SettingsError: it is no C identifier, a keyword, or clashes with the runtime's names or a system header.
    """
    hint = "use letters, digits and underscores, starting with a letter, such as kws or wake_word"
    if not _IDENTIFIER.fullmatch(name):
        raise SettingsError(f"{name!r} is no C identifier", "--name", hint)
    if name in RESERVED:
        raise SettingsError(f"{name!r} is a word of C or C++", "--name", hint)
    if name.lower() in _SYSTEM_HEADERS:
        raise SettingsError(f"{name!r} would make a header that hides the system's {name.lower()}.h", "--name", hint)
    if name.lower().startswith("tvm_ai") or name.endswith("_kernels") or name.endswith("_weights"):
        raise SettingsError(f"{name!r} clashes with names of the generated code", "--name", hint)
