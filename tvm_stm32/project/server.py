# SPDX-License-Identifier: Apache-2.0
"""The process that a client of the Project API starts: ``microtvm_api_server.py --read-fd N --write-fd M``."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from tvm_stm32.project.api import SIGNATURES, ProjectApi
from tvm_stm32.project.rpc import serve


def main(directory: Path) -> None:
    """Answer requests for the project, or the template, in `directory`, until the client closes its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read-fd", type=int, required=True, help="file descriptor to read requests from")
    parser.add_argument("--write-fd", type=int, required=True, help="file descriptor to write answers to")
    parser.add_argument("--debug", action="store_true", help="log each request and answer to standard error")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG if arguments.debug else logging.WARNING)
    api = ProjectApi(directory)
    try:
        with os.fdopen(arguments.read_fd, "rb") as requests, os.fdopen(arguments.write_fd, "wb") as replies:
            serve(requests, replies, SIGNATURES, api)
    except BrokenPipeError:
        pass  # the client has gone without waiting for its answer
    finally:
        api.close_transport()
