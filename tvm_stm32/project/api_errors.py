# SPDX-License-Identifier: Apache-2.0
"""Errors of the Project API beyond JSON-RPC's own: one code, told apart by the message, which is the class's name."""

from __future__ import annotations

from tvm_stm32.project.rpc import ErrorCode, RpcError


class ServerError(RpcError):
    """A valid request could not be carried out."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorCode.SERVER_ERROR, type(self).__name__, detail)


class TransportClosedError(ServerError):
    """There is no transport, or nothing more can go over it."""


class IoTimeoutError(ServerError):
    """Nothing could be read, or not everything written, in the time given."""


class UnsupportedTVMVersionError(ServerError):
    """The client is of a TVM that this protocol is not for."""
