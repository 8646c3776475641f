# SPDX-License-Identifier: Apache-2.0
"""Write the held-back images as a C header for the firmware: ``images.py OUTPUT.h``."""

from __future__ import annotations

import sys
from pathlib import Path

import dataset
from jinja2 import Environment, FileSystemLoader, StrictUndefined


def header(digits: dataset.Digits) -> str:
    """The C header with every image of `digits`, made from images.h.j2."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("images.h.j2").render(images=digits.images.tolist(), labels=digits.labels.tolist())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(header(dataset.load()))
