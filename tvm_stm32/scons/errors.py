# SPDX-License-Identifier: Apache-2.0
"""How this package's errors reach the user of SCons: as its own, with the same text and no traceback."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from SCons.Errors import UserError

from tvm_stm32.errors import TvmStm32Error

P = ParamSpec("P")
R = TypeVar("R")


def pseudo_builder(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, called from an SConscript: its errors tell the file and line of the call, and end the reading."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TvmStm32Error as error:
            raise UserError(f"{_place_of_call()}: {error}") from error

    return wrapper


def _place_of_call() -> str:
    """The innermost place that belongs to neither SCons nor this package, e.g. "SConstruct:5"."""
    ours = os.path.dirname(__file__)
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(ours) and f"{os.sep}SCons{os.sep}" not in frame.filename:
            return f"{os.path.relpath(frame.filename)}:{frame.lineno}"
    return "SConstruct"


def construction_variable(ask: Callable[[Any], R]) -> Callable[[Any, Any, Any, bool], R]:
    """A construction variable whose value is ``ask(env)``, asked when a command that holds it is about to run.

    SCons names the target in front of an error's text.
    """

    def value(target: Any, source: Any, env: Any, for_signature: bool) -> R:  # noqa: ARG001 - SCons goes by these names
        try:
            return ask(env)
        except TvmStm32Error as error:
            raise UserError(str(error)) from error

    return value
