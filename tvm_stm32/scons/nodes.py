# SPDX-License-Identifier: Apache-2.0
"""Lists of nodes that know more than their nodes: what the pseudo-builders return."""

from __future__ import annotations

from collections import UserList
from typing import Any


class Nodes(UserList[Any]):
    """A list for SCons, to which a subclass adds attributes. A sum with another list is a plain list."""

    def __add__(self, other: Any) -> Any:
        return [*self, *other]

    def __radd__(self, other: Any) -> Any:
        return [*other, *self]

    def __semi_deepcopy__(self) -> Nodes:
        """What SCons calls when it clones an environment that holds the list: nodes are not copied."""
        return self
