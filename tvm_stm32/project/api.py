# SPDX-License-Identifier: Apache-2.0
"""TVM's Project API, protocol 1, for one folder: a project, or the template that projects are generated from."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.run import streaming_command
from tvm_stm32.errors import TvmStm32Error
from tvm_stm32.project import attached
from tvm_stm32.project.additions import Additions, Definitions, cmsis_folder, read_definitions, read_extra_files
from tvm_stm32.project.api_errors import ServerError, TransportClosedError, UnsupportedTVMVersionError
from tvm_stm32.project.boards import Boards, boards_for
from tvm_stm32.project.build import build_host_driven
from tvm_stm32.project.create import new_project
from tvm_stm32.project.description import ARCHIVE, Description, read_description
from tvm_stm32.project.options import chosen, documents
from tvm_stm32.project.pooled import project_pools
from tvm_stm32.project.rpc import Signatures, invalid_params
from tvm_stm32.project.transport import Transport

PROTOCOL_VERSION = 1
PLATFORM = "tvm_stm32"
#: the first TVM that had this protocol
OLDEST_TVM = (0, 8)

_OPTIONS: dict[str, tuple[type, ...]] = {"options": (dict,)}
_TIMEOUT: dict[str, tuple[type, ...]] = {"timeout_sec": (int, float, NoneType)}

SIGNATURES: Signatures = {
    "server_info_query": {"tvm_version": (str,)},
    "generate_project": {
        "model_library_format_path": (str,),
        "standalone_crt_dir": (str, NoneType),
        "project_dir": (str,),
        **_OPTIONS,
    },
    "build": _OPTIONS,
    "flash": _OPTIONS,
    "open_transport": _OPTIONS,
    "close_transport": {},
    "read_transport": {"n": (int,), **_TIMEOUT},
    "write_transport": {"data": (str,), **_TIMEOUT},
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a client waits for what it sends to be answered."""

    session_start_retry_timeout_sec: float = 2.0
    session_start_timeout_sec: float = 10.0
    session_established_timeout_sec: float = 10.0


class ProjectApi:
    """The methods of the protocol, by their names; parameters have the types of `SIGNATURES`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._transport: Transport | None = None

    def server_info_query(self, tvm_version: str) -> dict[str, Any]:
        """What this server is."""
        version = re.match(r"(\d+)\.(\d+)", tvm_version)
        if version is None or (int(version[1]), int(version[2])) < OLDEST_TVM:
            raise UnsupportedTVMVersionError(f"protocol {PROTOCOL_VERSION} came with TVM 0.8, this is {tvm_version!r}")
        archive = self._directory / ARCHIVE
        is_template = not archive.exists()
        return {
            "platform_name": PLATFORM,
            "is_template": is_template,
            "model_library_format_path": None if is_template else str(archive),
            "project_options": documents(),
            "protocol_version": PROTOCOL_VERSION,
        }

    def generate_project(
        self,
        model_library_format_path: str,
        standalone_crt_dir: str | None,  # noqa: ARG002 - the protocol's; see below
        project_dir: str,
        options: dict[str, Any],
    ) -> None:
        """Make a project. The C that it is built from comes with its own runtime: `standalone_crt_dir` is not used."""
        with_defaults = chosen("generate_project", options)
        definitions = _definitions(with_defaults["compile_definitions"])
        with _refusals():
            new_project(
                Path(project_dir),
                Path(model_library_format_path),
                with_defaults["part"],
                with_defaults["name"],
                with_defaults["optimize"],
                with_defaults["memory_pools"] or "",
                _additions(with_defaults, definitions),
            )

    def build(self, options: dict[str, Any]) -> None:
        """Make the firmware."""
        with_defaults = chosen("build", options)
        with _refusals():
            read_description(self._directory)
            printed = build_host_driven(self._directory, with_defaults["build_system"])
        if with_defaults["verbose"]:
            print(printed, end="", file=sys.stderr)

    def flash(self, options: dict[str, Any]) -> None:
        """Put the firmware onto the board; the emulated one takes it when it starts."""
        with_defaults = chosen("flash", options)
        with _refusals():
            project = read_description(self._directory)
            elf = self._firmware(project, with_defaults["board"])
            if with_defaults["board"] == "attached":
                attached.program(elf, _target(project, with_defaults), with_defaults["probe"])

    def open_transport(self, options: dict[str, Any]) -> dict[str, Any]:
        """Start the firmware. A transport that is open is closed first."""
        with_defaults = chosen("open_transport", options)
        self.close_transport()
        with _refusals():
            project = read_description(self._directory)
            elf = self._firmware(project, with_defaults["board"])
            if with_defaults["board"] == "attached":
                command = attached.console_command(_target(project, with_defaults), with_defaults["probe"])
            else:
                command = streaming_command(elf, self._boards(project).machine)
            self._transport = Transport(command)
        return {"timeouts": asdict(Timeouts())}

    def close_transport(self) -> None:
        """End the firmware; without a transport there is nothing to do."""
        if self._transport:
            self._transport.close()
            self._transport = None

    def read_transport(self, n: int, timeout_sec: float | None) -> dict[str, str]:
        """Up to `n` bytes from the firmware, as base 85."""
        if n < 1:
            raise invalid_params(f"read_transport: n must be at least 1, not {n}")
        return {"data": base64.b85encode(self._open().read(n, _seconds(timeout_sec))).decode()}

    def write_transport(self, data: str, timeout_sec: float | None) -> None:
        """Bytes, given as base 85, to the firmware."""
        try:
            content = base64.b85decode(data)
        except ValueError as error:
            raise invalid_params(f"write_transport: data is not base 85: {error}") from error
        self._open().write(content, _seconds(timeout_sec))

    def _open(self) -> Transport:
        if self._transport is None:
            raise TransportClosedError("no transport is open")
        return self._transport

    def _boards(self, project: Description) -> Boards:
        part = find_part(project.part)
        return boards_for(part, project_pools(project.memory_pools, part, self._directory))

    def _firmware(self, project: Description, board: str) -> Path:
        """The ELF file for the board.

        Raises:
            ServerError: it is not built.
        """
        boards = self._boards(project)
        apart = board == "emulated" and boards.emulated != boards.target
        elf = self._directory / "build" / ("host_driven_emulated.elf" if apart else "host_driven.elf")
        if not elf.exists():
            raise ServerError(f"{elf.name} is not there: call build first")
        return elf


@contextmanager
def _refusals() -> Iterator[None]:
    """What the package refuses is an error of the server."""
    try:
        yield
    except TvmStm32Error as error:
        raise ServerError(str(error)) from error


def _definitions(given: str | list[str] | None) -> Definitions:
    try:
        return read_definitions(given or ())
    except TvmStm32Error as error:
        raise invalid_params(str(error)) from error


def _additions(options: dict[str, Any], definitions: Definitions) -> Additions:
    """What `options` say of it."""
    archive, cmsis = options["extra_files_tar"], options["cmsis_path"]
    return Additions(
        options["warning_as_error"],
        definitions,
        read_extra_files(Path(archive)) if archive else {},
        (cmsis_folder(Path(cmsis)),) if cmsis else (),
    )


def _target(project: Description, options: dict[str, Any]) -> str:
    """pyocd's name of the part."""
    return options["target"] or attached.target_name(project.part)


def _seconds(timeout: float | None) -> float | None:
    if timeout is not None and not timeout >= 0:
        raise invalid_params(f"timeout_sec must be null or at least 0, not {timeout}")
    return timeout
