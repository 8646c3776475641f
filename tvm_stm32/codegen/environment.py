# SPDX-License-Identifier: Apache-2.0
"""Jinja as every C template of the project is rendered: strict, with filters that write C."""

from __future__ import annotations

import functools
from pathlib import Path

import jinja2

from tvm_stm32.codegen import c_text
from tvm_stm32.codegen.view import shape_text

_TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def c_environment(folder: Path = _TEMPLATES) -> jinja2.Environment:
    """The environment for the templates in `folder`, which may import those of this package."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "comment": c_text.comment,
        "elements": c_text.elements,
        "float_literal": c_text.float_literal,
        "formatted": c_text.formatted,
        "initializer": c_text.initializer,
        "plain": c_text.plain,
        "shape_text": shape_text,
        "string_literal": c_text.string_literal,
        "wrapped": c_text.wrapped,
    }
    environment.globals["c_types"] = c_text.C_TYPES
    return environment
