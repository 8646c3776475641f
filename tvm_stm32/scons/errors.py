# SPDX-License-Identifier: Apache-2.0
"""How this package's errors reach the user of SCons: as its own, with the same text and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from SCons.Errors import UserError

from tvm_stm32.errors import TvmStm32Error

P = ParamSpec("P")
R = TypeVar("R")


def as_user_error(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, whose `TvmStm32Error` are raised as SCons' ``UserError``."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TvmStm32Error as error:
            raise UserError(str(error)) from error

    return wrapper


def construction_variable(ask: Callable[[Any], R]) -> Callable[[Any, Any, Any, bool], R]:
    """A construction variable whose value is ``ask(env)``, asked when a command that holds it is about to run."""

    @as_user_error
    def value(target: Any, source: Any, env: Any, for_signature: bool) -> R:  # noqa: ARG001 - SCons goes by these names
        return ask(env)

    return value
