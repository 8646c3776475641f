# SPDX-License-Identifier: Apache-2.0
"""The templates of the linker script and the start-up, and how they are rendered."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=PackageLoader("tvm_stm32.device", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,
)


def render(template: str, **values: object) -> str:
    """Render the template of that file name."""
    return _ENVIRONMENT.get_template(template).render(**values)
