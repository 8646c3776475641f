# SPDX-License-Identifier: Apache-2.0
"""A client of TVM's Project API, protocol 1, written from the protocol: JSON-RPC 2.0, a line each, over two pipes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import tvm_stm32.project.template

SERVER = "microtvm_api_server.py"
TEMPLATE = Path(tvm_stm32.project.template.__path__[0])
SERVER_ERROR, INVALID_PARAMS = -32000, -32602


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.detail: str = error["data"]["detail"]


class ProjectApiClient:
    """Starts the server in `folder` and speaks with it."""

    def __init__(self, folder: Path) -> None:
        for_server, requests = os.pipe()
        replies, from_server = os.pipe()
        command = [sys.executable, SERVER, "--read-fd", str(for_server), "--write-fd", str(from_server)]
        self.process = subprocess.Popen(command, cwd=folder, pass_fds=(for_server, from_server))
        os.close(for_server)
        os.close(from_server)
        self._requests, self._replies = os.fdopen(requests, "wb", buffering=0), os.fdopen(replies, "rb")
        self._id = 0

    def __enter__(self) -> ProjectApiClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> int:
        """Close the pipes; returns the server's exit status."""
        self._requests.close()
        status = self.process.wait(timeout=60)
        self._replies.close()
        return status

    def raw(self, line: bytes) -> dict[str, Any]:
        """The answer to a line of any content."""
        self._requests.write(line + b"\n")
        reply: dict[str, Any] = json.loads(self._replies.readline())
        assert reply["jsonrpc"] == "2.0"
        assert set(reply) in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
        return reply

    def call(self, method: str, **params: object) -> Any:
        """The result of a method.

        Raises:
            Refused: the answer is an error.
        """
        self._id += 1
        reply = self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": self._id}).encode())
        assert reply["id"] == self._id
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    def read(self, n: int, timeout_sec: float | None) -> bytes:
        """``read_transport``, decoded."""
        result = self.call("read_transport", n=n, timeout_sec=timeout_sec)
        assert set(result) == {"data"}
        return base64.b85decode(result["data"])

    def write(self, data: bytes, timeout_sec: float | None) -> None:
        """``write_transport``, encoded."""
        assert self.call("write_transport", data=base64.b85encode(data).decode(), timeout_sec=timeout_sec) is None


def generate(client: ProjectApiClient, archive: Path, project: Path, options: dict[str, Any]) -> None:
    """``generate_project`` of `archive` into `project`."""
    parameters = {"model_library_format_path": str(archive), "standalone_crt_dir": None, "project_dir": str(project)}
    assert client.call("generate_project", **parameters, options=options) is None
