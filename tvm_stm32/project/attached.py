# SPDX-License-Identifier: Apache-2.0
"""A board with a debug probe, through pyocd: program it, and run it with its console at this process' pipes.

``python -m tvm_stm32.project.attached TARGET [PROBE]`` resets the board and serves its semihosting: ":tt" reads this
process' standard input and writes its standard output. The firmware's exit status is the process'.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tvm_stm32.errors import ToolError

#: seconds between two looks at whether the core has stopped for a call
_INTERVAL = 0.001
#: SYS_EXIT_EXTENDED, which pyocd's agent does not answer
_EXIT = 0x20


def target_name(part: str) -> str:
    """What pyocd calls the part: the temperature range at the end is an "x", as in stm32f405rgtx."""
    return re.sub(r"\d$", "x", part.partition("@")[0].lower())


def require_pyocd() -> None:
    """Refuse to go on without it.

    Raises:
        ToolError: pyocd is not installed.
    """
    if find_spec("pyocd") is None:
        raise ToolError(
            "a board is reached through pyocd, which is not installed", "board", "pip install pyocd==0.46.0"
        )


def program(elf: Path, target: str, probe: str | None) -> None:
    """Write `elf` into the flash of the board.

    Raises:
        ToolError: pyocd is not installed, or failed.
    """
    require_pyocd()
    command = [sys.executable, "-m", "pyocd", "load", "--no-wait", "--target", target, str(elf)]
    command += ["--uid", probe] if probe else []
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    said = (done.stderr + done.stdout).strip()
    if done.returncode:
        raise ToolError(f"pyocd has not programmed {target}: {said[-500:]}", "board", "see `pyocd list --help`")


def console_command(target: str, probe: str | None) -> list[str]:
    """The command that runs the board's firmware with the console at its pipes.

    Raises:
        ToolError: pyocd is not installed.
    """
    require_pyocd()
    return [sys.executable, "-m", "tvm_stm32.project.attached", target, *([probe] if probe else [])]


class Console:
    """Semihosting calls on the standard console, for pyocd's agent, which sets `agent` and counts bytes *not* moved.

    `source` and `sink` are the file descriptors that it reads and writes.
    """

    agent: Any
    errno = 0

    def __init__(self, source: int, sink: int) -> None:
        self._source, self._sink = source, sink

    def open(self, name: int, length: int, mode: str) -> int:
        """The handle of ":tt", by its mode; -1 for any other file."""
        if self.agent.get_data(name, length) != b":tt":
            return -1
        return {"r": 0, "w": 1, "a": 2}.get(mode[0], -1)

    def read(self, _: int, address: int, length: int) -> int:
        """Waits for at least one byte, or the end of what the host sends."""
        data = os.read(self._source, length)
        if data:
            self.agent.context.write_memory_block8(address, list(data))
        return length - len(data)

    def write(self, _: int, address: int, length: int) -> int:
        """All of it."""
        data = self.agent.get_data(address, length)
        while data:
            data = data[os.write(self._sink, data) :]
        return 0

    def close(self, _: int) -> int:
        """There is nothing to close."""
        return 0

    def cleanup(self) -> None:
        """There is nothing to clean up."""


def serve_console(target: str, probe: str | None, console: Console) -> int:
    """Reset the board and serve its calls until it ends its program; returns the exit status that it gives.

    Raises:
        ToolError: there is no probe, or it has no such target.
    """
    from pyocd.core.exceptions import Error
    from pyocd.core.helpers import ConnectHelper
    from pyocd.debug.semihost import SemihostAgent

    try:
        session = ConnectHelper.session_with_chosen_probe(
            blocking=False, return_first=True, unique_id=probe, options={"target_override": target}
        )
        if session is None:
            raise ToolError("no debug probe is connected", "board", "see `pyocd list`")
        with session:
            core = session.target.selected_core
            core.reset()
            return serve_calls(core, SemihostAgent(core.get_target_context(), io_handler=console))
    except Error as error:
        raise ToolError(f"pyocd: {error}", "board", f"`pyocd pack find {target}` tells whether it knows it") from error


def serve_calls(core: Any, agent: Any) -> int:
    """Let `agent` answer each semihosting call of the running `core`; returns the exit status of the last one."""
    while True:
        if not core.is_halted():
            time.sleep(_INTERVAL)
            continue
        operation, argument = core.read_core_register("r0"), core.read_core_register("r1")
        if operation == _EXIT:
            return int(core.read32(argument + 4))
        if not agent.check_and_handle_semihost_request():
            raise ToolError(f"the core stopped at 0x{core.read_core_register('pc'):08x}", "board")
        core.resume()


def main(target: str, probe: str | None = None) -> None:
    """Serve the board, and end this process as the firmware ends."""
    sink = os.dup(1)
    os.dup2(2, 1)  # pyocd prints, too, and not for the host
    try:
        sys.exit(serve_console(target, probe, Console(0, sink)))
    except ToolError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
