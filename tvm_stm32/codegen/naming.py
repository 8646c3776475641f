# SPDX-License-Identifier: Apache-2.0
"""Which model names can prefix C identifiers."""

from __future__ import annotations

import re

from tvm_stm32.errors import SettingsError

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

#: C99 and C++17 keywords, and words that the headers we include make macros of
_RESERVED = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl const
    const_cast constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern false
    float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
    protected public register reinterpret_cast restrict return short signed sizeof static static_assert static_cast
    struct switch template this thread_local throw true try typedef typeid typename union unsigned using virtual void
    volatile wchar_t while xor xor_eq linux unix main errno
    """.split()
)


def check_name(name: str) -> None:
    """Refuse a model name that cannot prefix C identifiers.

    Raises:
        SettingsError: it is no C identifier, a keyword, or clashes with the runtime's names.
    """
    hint = "use letters, digits and underscores, starting with a letter, such as kws or wake_word"
    if not _IDENTIFIER.fullmatch(name):
        raise SettingsError(f"{name!r} is no C identifier", "--name", hint)
    if name in _RESERVED:
        raise SettingsError(f"{name!r} is a word of C or C++", "--name", hint)
    if name.lower().startswith("tvm_ai") or name.endswith("_kernels") or name.endswith("_weights"):
        raise SettingsError(f"{name!r} clashes with names of the generated code", "--name", hint)
