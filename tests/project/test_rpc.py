# SPDX-License-Identifier: Apache-2.0
"""What is not the client's fault is answered, too."""

from __future__ import annotations

import io
import json

import pytest

from tvm_stm32.project.rpc import serve


class Broken:
    """A handler with a mistake in it."""

    def divide(self) -> float:
        return 1 / 0

    def add(self, a: int) -> int:
        return a + 1


def test_a_fault_of_the_server_is_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    requests = [("divide", {}), ("add", {"a": 2})]
    lines = [
        json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": index})
        for index, (method, params) in enumerate(requests)
    ]
    replies = io.BytesIO()
    serve(io.BytesIO("\n".join(lines).encode()), replies, {"divide": {}, "add": {"a": (int,)}}, Broken())
    first, second = map(json.loads, replies.getvalue().splitlines())
    assert (first["id"], first["error"]["code"]) == (0, -32603)
    assert first["error"]["data"] == {"detail": "ZeroDivisionError: division by zero"}
    assert "Traceback" in caplog.text
    assert second == {"jsonrpc": "2.0", "id": 1, "result": 3}
