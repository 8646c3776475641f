# SPDX-License-Identifier: Apache-2.0
"""Work that a time limit or an interrupt from the keyboard ends, although it is long outside of Python.

Unicorn's own time limit starts a thread each time that emulation does, which takes longer than what runs between two
semihosting calls; and while it runs in the main thread, Python looks for no signal. Emulation that was stopped from
another thread cannot go on: the program counter need not be where it stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

R = TypeVar("R")

_ATTEMPTS, _WAIT = 40, 0.05  #: seconds each; what waits for input does not stop, and is left behind


def within(timeout: float | None, work: Callable[[], R], stop: Callable[[], None]) -> R:
    """What ``work()`` returns, or raises.

    Args:
        timeout: in seconds; None: without limit.
        work: is called in another thread.
        stop: makes `work` end soon, at least if it is called again and again.

    Raises:
        TimeoutError: it was stopped.
    """
    outcome: Future[R] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        return outcome.result(timeout)
    finally:
        for _ in range(_ATTEMPTS):
            if outcome.done():
                break
            stop()
            thread.join(_WAIT)
