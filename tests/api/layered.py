# SPDX-License-Identifier: Apache-2.0
"""The small models of the tests with interfaces beside the native one, and the folders of client programs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from tvm_stm32.api.interface import choose
from tvm_stm32.codegen.compiled_model import CompiledModel

CLIENTS = Path(__file__).parent / "clients"


def layered(model: CompiledModel, api: str, observer: str = "auto", accelerator: str = "no") -> CompiledModel:
    """`model` as if it had been compiled with ``--api <api>``."""
    interface = choose(api, observer, accelerator)
    settings = msgspec.structs.replace(
        model.settings, api=interface.api, observer=interface.observer, accelerator=interface.accelerator
    )
    return msgspec.structs.replace(model, settings=settings)


def without_weights(title: str, seed: int) -> str:
    """What the clients print of a run of ``tiny`` on a struct of zeros."""
    side = np.clip(np.arange(8) * 3 - seed, -128, 127)
    sums = np.trunc(np.cumsum(side) / 8).astype(int)
    return f"{title}: {' '.join(map(str, sums))}{' 0' * 8}"
