# SPDX-License-Identifier: Apache-2.0
"""Keywords of the pseudo-builders: each stands for the construction variable ``TVM_STM32_<keyword>`` of one call."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from tvm_stm32.errors import SettingsError


def overrides(env: Any, call: str, given: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The construction variables for one call of a pseudo-builder.

    Args:
        env: the environment, which has the values of keywords not given.
        call: the pseudo-builder and its target, for messages.
        given: the keywords of the call.
        known: the keywords there are, each with its choices; none: any value.

    Raises:
        SettingsError: a keyword or a value that there is not.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"is {near[0]} meant?" if near else "there are " + ", ".join(known)
            raise SettingsError(f"there is no setting {name}", call, hint)
    variables = {f"TVM_STM32_{name}": value for name, value in given.items()}
    for name, choices in known.items():
        value = variables.get(f"TVM_STM32_{name}", env[f"TVM_STM32_{name}"])
        if choices and not callable(value) and env.subst(value) not in choices:
            raise SettingsError(f"{name} cannot be {value!r}", call, "it is one of " + ", ".join(choices))
    return variables
