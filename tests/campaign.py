# SPDX-License-Identifier: Apache-2.0
"""How many generated cases a test tries: few in every run, as many as wished in a campaign.

``TVM_STM32_EXAMPLES=20 ./dev test tests/exactness`` tries twenty times as many.
"""

from __future__ import annotations

import os


def examples(number: int) -> int:
    """`number`, times what the environment asks for."""
    return max(1, round(number * float(os.environ.get("TVM_STM32_EXAMPLES", "1"))))
