# SPDX-License-Identifier: Apache-2.0
"""Take out the parentheses that TVM's C generator puts around every operation where C and its readers need none.

Only groups that change nothing go: ``a + (b + c)`` stays, because it is another sum than ``a + b + c``, and so do those
that compilers ask for, around shifts, bitwise and logical operators.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(\s*)(\d[\w.]*(?:(?<=[eE])[-+]\w+)?|\w+|<<=|>>=|->|\+\+|--|<<|>>|&&|[|][|]|[-+*/%&|^<>=!]=|\S)\s*?"
)
_TYPES = frozenset("void char short int long float double signed unsigned const".split())
_PRECEDENCE = {
    operator: level
    for level, operators in enumerate("? :, ||, &&, |, ^, &, == !=, < > <= >=, << >>, + -, * / %".split(", "))
    for operator in operators.split()
}
_TERNARY, _EQUALITY, _RELATION, _SUM = 0, 6, 7, 9
#: how tightly operands without a binary operator bind: with a sign or cast before them, or nothing
_UNARY, _POSTFIX = 20, 21
#: a list or an assignment
_LOOSE = -1
#: what ends an expression, as the neighbour of a group
_EDGE = -2
_EDGES = frozenset({",", ";", "{", "return", "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})


@dataclass(slots=True)
class _Item:
    """A token, or a group in ``()`` or ``[]`` whose `text` is the opening bracket."""

    space: str
    text: str
    content: list[_Item] | None = None

    @property
    def is_cast(self) -> bool:
        """``(int8_t)``, ``(void *)``."""
        words = [item.text for item in self.content or () if item.text != "*"]
        return self.text == "(" and bool(words) and all(word in _TYPES or word.endswith("_t") for word in words)

    @property
    def is_operand(self) -> bool:
        """True for what an operator that follows takes as its left side."""
        return self.text not in _EDGES and (self.text[0].isalnum() or self.text[0] in "_([") and not self.is_cast


def without_needless_parentheses(line: str) -> str:
    """A line of C, a statement or its beginning, with the same meaning and fewer parentheses.

    A line with a string, a character, a comment or a preprocessor directive is returned as it is.
    """
    if "(" not in line or re.search(r"[\"'#\\]|//|/\*", line):
        return line
    items = _parse([_Item(match[1], match[2]) for match in _TOKEN.finditer(line)])
    return line if items is None else _text(_simplified(items))


def _parse(tokens: list[_Item]) -> list[_Item] | None:
    """Groups inside groups; None where brackets do not match."""
    levels: list[list[_Item]] = [[]]
    for token in tokens:
        if token.text in "([":
            group = _Item(token.space, token.text, [])
            levels[-1].append(group)
            levels.append(group.content or [])
            group.content = levels[-1]
        elif token.text in ")]":
            levels.pop()
            if not levels or levels[-1][-1].text != {")": "(", "]": "["}[token.text]:
                return None
        else:
            levels[-1].append(token)
    return levels[0] if len(levels) == 1 else None


def _text(items: list[_Item]) -> str:
    pieces = []
    for item in items:
        pieces.append(item.space + item.text)
        if item.content is not None:
            pieces.append(_text(item.content) + (")" if item.text == "(" else "]"))
    return "".join(pieces)


def _simplified(items: list[_Item]) -> list[_Item]:
    for item in items:
        if item.content is not None:
            item.content = _simplified(item.content)
    result: list[_Item] = []
    for index, item in enumerate(items):
        if item.text == "(" and item.content and _is_needless(item, result, items[index + 1 :]):
            item.content[0].space = item.space
            result += item.content
        else:
            result.append(item)
    return result


def _is_needless(group: _Item, before: list[_Item], after: list[_Item]) -> bool:
    """Whether `group` can go from between what stands on its left and on its right."""
    content = group.content or []
    if group.is_cast or (before and before[-1].is_operand):
        return False  # a cast, the arguments of a call, the head of a statement
    inside = _tightness(content)
    left, right = _left(before), _right(after)
    if inside == _LOOSE or right == _POSTFIX:
        return False
    if inside >= _UNARY:
        return left == _EDGE or content[0].text not in ("+", "-")
    if inside >= _SUM:
        beside = (_EDGE, _TERNARY, _EQUALITY, _RELATION)
        return (left in beside or _SUM <= left < inside) and (right in beside or _SUM <= right <= inside)
    if inside in (_EQUALITY, _RELATION):
        return left == _EDGE and right in (_EDGE, _TERNARY)
    return left == _EDGE and right == _EDGE


def _tightness(items: list[_Item]) -> int:
    """The lowest precedence among the operators of `items`."""
    lowest = _POSTFIX if items[0].is_operand else _UNARY
    for index, item in enumerate(items):
        if item.text in _EDGES:
            return _LOOSE
        if index > 0 and item.text in _PRECEDENCE and items[index - 1].is_operand:
            lowest = min(lowest, _PRECEDENCE[item.text])
    return lowest


def _left(before: list[_Item]) -> int:
    if not before or before[-1].text in _EDGES:
        return _EDGE
    is_binary = len(before) > 1 and before[-2].is_operand and before[-1].text in _PRECEDENCE
    return _PRECEDENCE[before[-1].text] if is_binary else _UNARY


def _right(after: list[_Item]) -> int:
    if not after or after[0].text in _EDGES:
        return _EDGE
    return _PRECEDENCE.get(after[0].text, _POSTFIX)
