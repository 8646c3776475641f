# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC 2.0 over a pair of files, one JSON text a line: each request is answered before the next is read."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import NoneType
from typing import Any, BinaryIO

_LOG = logging.getLogger(__name__)


class ErrorCode(IntEnum):
    """Codes of JSON-RPC 2.0, and the one that servers may choose."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    SERVER_ERROR = -32000


class RpcError(Exception):
    """The answer to a request that fails. `detail` says in words why; it goes into the error's ``data``."""

    def __init__(self, code: ErrorCode, message: str, detail: str) -> None:
        super().__init__(message, detail)
        self.code = code
        self.message = message
        self.detail = detail

    def document(self) -> dict[str, Any]:
        """The member ``error`` of the answer."""
        return {"code": int(self.code), "message": self.message, "data": {"detail": self.detail}}


def invalid_params(detail: str) -> RpcError:
    """The error for parameters that a method does not take."""
    return RpcError(ErrorCode.INVALID_PARAMS, "InvalidParams", detail)


#: method -> parameter -> the types that its JSON value may have
Signatures = Mapping[str, Mapping[str, tuple[type, ...]]]


def serve(requests: BinaryIO, replies: BinaryIO, signatures: Signatures, handler: object) -> None:
    """Answer requests until there are no more.

    Args:
        requests: where they are read.
        replies: where the answers are written, unbuffered or flushed here.
        signatures: the methods there are. A request must have each parameter, and no other.
        handler: has a method of that name for each.
    """
    for line in requests:
        _LOG.debug("<- %s", line)
        reply = json.dumps(_answer(line, signatures, handler)).encode()
        _LOG.debug("-> %s", reply)
        replies.write(reply + b"\n")
        replies.flush()


def _answer(line: bytes, signatures: Signatures, handler: object) -> dict[str, Any]:
    """The answer to one line. Its id is null where the request cannot be told."""
    reply: dict[str, Any] = {"jsonrpc": "2.0", "id": None}
    try:
        request = _request(line)
        reply["id"] = request.get("id")
        method, parameters = _checked(request, signatures)
        call: Callable[..., Any] = getattr(handler, method)
        reply["result"] = call(**parameters)
    except RpcError as error:
        reply["error"] = error.document()
    except Exception as error:  # whatever it is, the client waits for an answer
        _LOG.exception("a fault of this server")
        detail = f"{type(error).__name__}: {error}"
        reply["error"] = RpcError(ErrorCode.INTERNAL_ERROR, "InternalError", detail).document()
    return reply


def _request(line: bytes) -> dict[str, Any]:
    """The request in `line`, with members of the right types."""
    try:
        request = json.loads(line)
    except ValueError as error:  # of JSON, or of UTF-8
        raise RpcError(ErrorCode.PARSE_ERROR, "ParseError", str(error)) from error
    if not isinstance(request, dict):
        raise _invalid_request(f"a request is an object, this is {line[:80]!r}")
    if request.get("jsonrpc") != "2.0":
        raise _invalid_request(f'jsonrpc must be "2.0", not {request.get("jsonrpc")!r}')
    members: dict[str, tuple[type, ...]] = {"method": (str,), "params": (dict,), "id": (str, int, NoneType)}
    for member, types in members.items():
        if not _is(request.get(member), types):
            raise _invalid_request(f"{member} must be {_names(types)}, not {request.get(member)!r}")
    return request


def _checked(request: dict[str, Any], signatures: Signatures) -> tuple[str, dict[str, Any]]:
    """Method and parameters, as `signatures` has them."""
    method, given = request["method"], request["params"]
    if method not in signatures:
        detail = f"there is no method {method!r}; there are {', '.join(signatures)}"
        raise RpcError(ErrorCode.METHOD_NOT_FOUND, "MethodNotFound", detail)
    wanted = signatures[method]
    missing, extra = [name for name in wanted if name not in given], [name for name in given if name not in wanted]
    if missing or extra:
        problem = f"lacks {', '.join(missing)}" if missing else f"has no parameter {', '.join(extra)}"
        raise invalid_params(f"{method} {problem}; it takes {', '.join(wanted) or 'none'}")
    for name, types in wanted.items():
        if not _is(given[name], types):
            raise invalid_params(f"{method}: {name} must be {_names(types)}, not {given[name]!r}")
    return method, given


def _is(value: object, types: tuple[type, ...]) -> bool:
    """Whether `value` has one of these types; true and false are no numbers."""
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _names(types: tuple[type, ...]) -> str:
    names = {str: "a string", int: "an integer", float: "a number", dict: "an object", NoneType: "null"}
    return " or ".join(names[kind] for kind in types)


def _invalid_request(detail: str) -> RpcError:
    return RpcError(ErrorCode.INVALID_REQUEST, "InvalidRequest", detail)
