# SPDX-License-Identifier: Apache-2.0
"""Microkernels are C templates: an Arm form and the portable form beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C, not HTML
    )


def render(template: str, **parameters: Any) -> str:
    """The C text of a microkernel."""
    return _environment().get_template(template).render(parameters)
