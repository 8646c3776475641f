# SPDX-License-Identifier: Apache-2.0
"""Arm's semihosting for an emulated processor: its console and its exit, and no file of the host.

The operations are those that make sense without files: SYS_OPEN of ":tt" and ":semihosting-features", SYS_CLOSE,
SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ, SYS_READC, SYS_ISTTY, SYS_SEEK and SYS_FLEN of the features, SYS_CLOCK,
SYS_TIME, SYS_ERRNO, SYS_GET_CMDLINE (empty), SYS_HEAPINFO (nothing known), SYS_EXIT and SYS_EXIT_EXTENDED. All others
return -1. Source: Arm, Semihosting for AArch32 and AArch64.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from tvm_stm32.emulator.unicorn.external import PAGE

if TYPE_CHECKING:
    from unicorn import Uc

#: "SHFB", then: SYS_EXIT_EXTENDED is there, and stdout and stderr are apart
_FEATURES = b"SHFB\x03"
_STDIN, _STDOUT, _STDERR, _FEATURES_HANDLE = 1, 2, 3, 4
_STOPPED = 0x20026  #: ADP_Stopped_ApplicationExit
_FAILED = 0xFFFFFFFF


class Console(Protocol):
    """Where the firmware's text goes to and comes from."""

    def write(self, data: bytes) -> None:
        """Print `data`."""

    def read(self, count: int) -> bytes:
        """At least one and at most `count` bytes, or none at the end."""


class Recorder:
    """A console that keeps what is printed, and has nothing to read."""

    def __init__(self) -> None:
        self._printed = bytearray()

    def write(self, data: bytes) -> None:
        """Keep `data`."""
        self._printed += data

    def read(self, count: int) -> bytes:  # noqa: ARG002 - of all consoles
        """The end of the input."""
        return b""

    @property
    def text(self) -> str:
        """What was printed."""
        return self._printed.decode("utf-8", errors="replace")


class Streams:
    """A console that is this process's own input and output, without delay."""

    def write(self, data: bytes) -> None:
        """Print `data` at once."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def read(self, count: int) -> bytes:
        """What has come, but at least one byte."""
        return os.read(sys.stdin.fileno(), count)


class Semihosting:
    """Answers the calls of a processor. `status` is None until the firmware has exited."""

    def __init__(self, processor: Uc, console: Console) -> None:
        self.status: int | None = None
        self._processor = processor
        self._console = console
        self._position = 0  # in _FEATURES
        self._began = time.monotonic()
        self._operations: dict[int, Callable[[int], int]] = {
            0x01: self._open,
            0x02: lambda _: 0,
            0x03: self._write_character,
            0x04: self._write_text,
            0x05: self._write,
            0x06: self._read,
            0x07: lambda _: self._read_character(),
            0x09: lambda block: int(self._words(block, 1)[0] < _FEATURES_HANDLE),
            0x0A: self._seek,
            0x0C: lambda block: len(_FEATURES) if self._words(block, 1)[0] == _FEATURES_HANDLE else 0,
            0x10: lambda _: int((time.monotonic() - self._began) * 100),
            0x11: lambda _: int(time.time()),
            0x13: lambda _: 0,
            0x15: self._command_line,
            0x16: self._heap_information,
            0x18: self._exit,
            0x20: lambda block: self._exit(*self._words(block, 2)),
        }

    def answer(self, operation: int, argument: int) -> int:
        """Carry out one call, with r0 and r1 as they are then, and return r0 as it is to be.

        Raises:
            UcError: an address is that of no memory.
        """
        handler = self._operations.get(operation)
        return handler(argument) & 0xFFFFFFFF if handler else _FAILED

    def _words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self._processor.mem_read(address, 4 * count))

    def _open(self, block: int) -> int:
        address, mode, length = self._words(block, 3)
        name = bytes(self._processor.mem_read(address, length))
        if name == b":semihosting-features" and mode < 4:
            self._position = 0
            return _FEATURES_HANDLE
        # the modes of C's fopen, four of each: r, w, a
        return (_STDIN, _STDOUT, _STDERR)[mode // 4] if name == b":tt" and mode < 12 else _FAILED

    def _write_character(self, address: int) -> int:
        self._console.write(bytes(self._processor.mem_read(address, 1)))
        return 0

    def _write_text(self, address: int) -> int:
        text = bytearray()
        while b"\0" not in text:
            size = PAGE - address % PAGE
            text += self._processor.mem_read(address, size)
            address += size
        self._console.write(bytes(text[: text.index(0)]))
        return 0

    def _write(self, block: int) -> int:
        """The number of bytes not written."""
        handle, address, length = self._words(block, 3)
        if handle not in (_STDOUT, _STDERR):
            return length
        self._console.write(bytes(self._processor.mem_read(address, length)))
        return 0

    def _read(self, block: int) -> int:
        """The number of bytes not read."""
        handle, address, length = self._words(block, 3)
        if handle == _FEATURES_HANDLE:
            data = _FEATURES[self._position : self._position + length]
            self._position += len(data)
        else:
            data = self._console.read(length) if handle == _STDIN else b""
        self._processor.mem_write(address, data)
        return length - len(data)

    def _read_character(self) -> int:
        data = self._console.read(1)
        return data[0] if data else _FAILED

    def _seek(self, block: int) -> int:
        handle, position = self._words(block, 2)
        if handle != _FEATURES_HANDLE or position > len(_FEATURES):
            return _FAILED
        self._position = position
        return 0

    def _command_line(self, block: int) -> int:
        address, size = self._words(block, 2)
        if size == 0:
            return _FAILED
        self._processor.mem_write(address, b"\0")
        self._processor.mem_write(block + 4, struct.pack("<I", 0))
        return 0

    def _heap_information(self, block: int) -> int:
        self._processor.mem_write(self._words(block, 1)[0], bytes(16))
        return 0

    def _exit(self, reason: int, status: int = 0) -> int:
        """A host's exit status has eight bits, and is 1 for whatever is not an application that exits."""
        self.status = status & 0xFF if reason == _STOPPED else 1
        return 0
