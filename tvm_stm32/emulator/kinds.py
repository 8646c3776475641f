# SPDX-License-Identifier: Apache-2.0
"""The emulators that there are."""

from __future__ import annotations

from enum import StrEnum


class Emulator(StrEnum):
    """What can run firmware: QEMU its boards, Unicorn whatever memories a part has."""

    QEMU = "qemu"
    UNICORN = "unicorn"
