# SPDX-License-Identifier: Apache-2.0
"""Bundles of Glow, NXP's variant included: one function, three memories, static and dynamic description."""

from __future__ import annotations

from tvm_stm32.api.layer import Layer

GLOW = Layer(
    name="glow",
    templates={
        "@.h": "templates/model.h.j2",
        "@_glow.c": "templates/model.c.j2",
        "@.weights.txt": "templates/weights.txt.j2",
    },
    contents={"@.weights.bin": "weights"},
)
