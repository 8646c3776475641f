# SPDX-License-Identifier: Apache-2.0
"""Values as C text: literals, arrays, strings and comments. Names from a model file are data and may hold anything."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tvm_stm32.codegen.parentheses import without_needless_parentheses

#: columns of the C we write
WIDTH = 120

#: dtype of a tensor or parameter -> C type of its elements
C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "float32": "float",
}

#: C99 guarantees strings of 4095 bytes; a name that long helps nobody in a debugger
_LONGEST_STRING = 1000
_STRING_PIECE = 80


def float_literal(value: float) -> str:
    """The shortest C literal that reads back as the float32 `value`; needs ``math.h`` when it is not finite."""
    number = np.float32(value)
    if np.isnan(number):
        return "NAN"
    if np.isinf(number):
        return "INFINITY" if number > 0 else "-INFINITY"
    text = str(number)
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def int_literal(value: int) -> str:
    """A C literal of at most 32 bits; the lowest has no literal of its own in C."""
    return "INT32_MIN" if value == -(2**31) else str(value)


def elements(values: bytes, dtype: str) -> npt.NDArray[np.generic]:
    """The elements of a parameter, which is little endian."""
    return np.frombuffer(values, np.dtype(dtype).newbyteorder("<"))


def initializer(values: Sequence[float] | npt.NDArray[np.generic], dtype: str, indent: int = 0) -> str:
    """The braced initializer of an array: on the line it starts on, or as lines of aligned columns.

    Args:
        values: one element at least.
        dtype: a key of `C_TYPES`.
        indent: spaces before the line that the initializer starts on.
    """
    texts = [float_literal(value) if dtype == "float32" else int_literal(int(value)) for value in values]
    width = max(map(len, texts))
    margin = " " * (indent + 4)
    per_line = 1 << (((WIDTH - len(margin) + 1) // (width + 2)).bit_length() - 1)
    if len(texts) <= per_line // 2:
        return "{" + ", ".join(texts) + "}"
    rows = (texts[start : start + per_line] for start in range(0, len(texts), per_line))
    lines = ",\n".join(margin + ", ".join(text.rjust(width) for text in row) for row in rows)
    return f"{{\n{lines}\n{' ' * indent}}}"


def string_literal(text: str, indent: int) -> str:
    """`text` as a C string in UTF-8; long ones continue on lines of their own, long beyond use are cut."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > _LONGEST_STRING:
        data = data[:_LONGEST_STRING].decode("utf-8", "ignore").encode() + b"..."
    # Octal escapes end after three digits whatever follows; an escaped '?' cannot start a trigraph.
    escaped = [
        f"\\{chr(byte)}" if chr(byte) in '"\\?' else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in data
    ]
    pieces = [""]
    for symbol in escaped:
        if len(pieces[-1]) + len(symbol) > _STRING_PIECE:
            pieces.append("")
        pieces[-1] += symbol
    return ("\n" + " " * indent).join(f'"{piece}"' for piece in pieces)


def plain(text: str) -> str:
    """`text` in printable ASCII on one line, everything else escaped as Python does."""
    return "".join(
        character if 32 <= ord(character) < 127 else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def comment(text: str, indent: int = 0) -> str:
    """A C comment of `text`, which may have several lines; long ones are wrapped.

    Nothing in `text` can end the comment, open another one, or continue a line: ``*/`` and ``/*`` are pulled apart, as
    are the question marks of trigraphs, and a backslash never ends a line.
    """
    margin = " " * indent
    lines = []
    for line in text.split("\n"):
        safe = plain(line)
        for pair in ("*/", "/*", "??"):
            while pair in safe:
                safe = safe.replace(pair, f"{pair[0]} {pair[1]}")
        parts = _wrap(safe, WIDTH - indent - 6)
        lines += [f"{part[:-1]}\\x5c" if part.endswith("\\") else part for part in parts]
    if len(lines) == 1:
        return f"{margin}/* {lines[0]} */"
    body = "\n".join(f"{margin} * {line}".rstrip() for line in lines)
    return f"{margin}/*\n{body}\n{margin} */"


def _wrap(line: str, width: int) -> list[str]:
    """Break `line` at spaces; words that are too long, as layer names are, after one of ``;/`` if they have it."""
    lines = [""]
    for word in line.split():
        pieces = [word] if len(word) <= width // 2 else re.split(r"(?<=[;/])", word)
        for number, piece in enumerate(pieces):
            gap = " " if number == 0 and lines[-1] else ""
            if lines[-1] and len(lines[-1]) + len(gap) + len(piece) > width:
                lines.append("")
                gap = ""
            lines[-1] += gap + piece
            while len(lines[-1]) > width:
                lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines


#: where a long line of C may be broken: after a comma, before a binary operator
_BREAKS = re.compile(r"(?<=,) | (?=(?:[-+*/%&|^?:]|<<|>>|&&|[|][|]|[<>=!]=?) )")


def wrapped(code: str, indent: int = 0) -> str:
    """A line of C without strings, indented, broken where it is longer than a line."""
    lines: list[str] = []
    for piece in _BREAKS.split(" ".join(code.split())):
        if lines and len(lines[-1]) + 1 + len(piece) <= WIDTH:
            lines[-1] += f" {piece}"
        else:
            lines.append(" " * (indent + 4 if lines else indent) + piece)
    return "\n".join(lines)


def formatted(body: str) -> str:
    """The body of a function as TVM prints it, in our form: indented by fours, no needless parentheses, short lines."""
    lines = ((2 * (len(line) - len(line.lstrip(" "))), line.strip()) for line in body.splitlines())
    return "".join(
        f"{wrapped(without_needless_parentheses(line), indent)}\n" if line else "\n" for indent, line in lines
    )
