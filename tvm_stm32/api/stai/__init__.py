# SPDX-License-Identifier: Apache-2.0
"""The client interface of ST Edge AI: ``stai_<model>_*`` and ``stai.h``."""

from __future__ import annotations

from tvm_stm32.api.layer import Layer

STAI = Layer(
    name="stai",
    templates={
        "@.h": "templates/model.h.j2",
        "@_data.h": "templates/data.h.j2",
        "@_details.h": "templates/details.h.j2",
        "@_stai.c": "templates/model.c.j2",
        "@_stai_details.c": "templates/details.c.j2",
    },
    runtime={
        "stai.h": "include/stai.h",
        "stai_events.h": "include/stai_events.h",
        "tvm_ai_stai.h": "include/tvm_ai_stai.h",
        "tvm_ai_stai.c": "src/tvm_ai_stai.c",
        "tvm_ai_stai_observer.c": "src/tvm_ai_stai_observer.c",
    },
    observes=True,
)
