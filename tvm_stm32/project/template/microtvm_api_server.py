# SPDX-License-Identifier: Apache-2.0
"""Serves TVM's Project API, protocol 1, for the project in this folder: --read-fd N --write-fd M [--debug]."""

import sys
from pathlib import Path

if __name__ == "__main__":
    try:
        from tvm_stm32.project.server import main
    except ModuleNotFoundError as error:
        sys.exit(
            f"{sys.executable} has no module {error.name}: run this with the Python that tvm-stm32 is installed for"
        )
    main(Path(__file__).absolute().parent)
