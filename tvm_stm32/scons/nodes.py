# SPDX-License-Identifier: Apache-2.0
"""Lists of nodes that know more than their nodes: what the pseudo-builders return; and paths of nodes."""

from __future__ import annotations

from collections import UserList
from typing import Any


def path_from_top(node: Any) -> str:
    """The path of `node` as commands find it; while an SConscript is read, ``str(node)`` may start at its folder."""
    return str(node.get_path(node.fs.Top))


class Nodes(UserList[Any]):
    """A list for SCons, to which a subclass adds attributes. A sum with another list is a plain list."""

    def __add__(self, other: Any) -> Any:
        return [*self, *other]

    def __radd__(self, other: Any) -> Any:
        return [*other, *self]

    def __semi_deepcopy__(self) -> Nodes:
        """What SCons calls when it clones an environment that holds the list: nodes are not copied."""
        return self
