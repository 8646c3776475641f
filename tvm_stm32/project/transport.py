# SPDX-License-Identifier: Apache-2.0
"""Bytes to and from running firmware: a child process, an emulator or a debugger, whose pipes are its console."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence

from tvm_stm32.project.api_errors import IoTimeoutError, TransportClosedError


class Transport:
    """Runs `command`; what it prints to standard error is kept to tell why it ended."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the transport
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )
        assert self._process.stdin and self._process.stdout
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)

    def read(self, count: int, timeout: float | None) -> bytes:
        """`count` bytes; fewer when there are no more in `timeout` seconds, or no more to come. None: wait for all.

        Raises:
            IoTimeoutError: not one byte came.
            TransportClosedError: not one byte came, and none will.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        data = b""
        while len(data) < count and self._ready([self._output], [], deadline):
            chunk = os.read(self._output, count - len(data))
            if not chunk:
                if data:
                    break
                raise TransportClosedError(self._ending())
            data += chunk
        if not data:
            raise IoTimeoutError(f"nothing came within {timeout:g} s")
        return data

    def write(self, data: bytes, timeout: float | None) -> None:
        """Write all of `data` within `timeout` seconds; None: however long it takes.

        Raises:
            IoTimeoutError: some of it could not be written; how many bytes were, the detail tells.
            TransportClosedError: nobody reads any more.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        rest = memoryview(data)
        while rest:
            if not self._ready([], [self._input], deadline):
                raise IoTimeoutError(f"{len(data) - len(rest)} of {len(data)} bytes were taken within {timeout:g} s")
            try:
                rest = rest[os.write(self._input, rest) :]
            except BrokenPipeError as error:
                raise TransportClosedError(self._ending()) from error

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            if file:
                file.close()

    def _ready(self, readable: list[int], writable: list[int], deadline: float | None) -> bool:
        """Whether one of these becomes ready before the deadline, which may have passed: what is ready is."""
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        return any(select.select(readable, writable, [], left))

    def _ending(self) -> str:
        """How the process ended; it has closed its pipes."""
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        return f"the firmware ended with exit status {status}" + (f": {said[-500:]}" if said else "")
