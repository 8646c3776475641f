# SPDX-License-Identifier: Apache-2.0
"""A copy of the package for each worker: the checkout may change under a test, and a test may change the copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from scons_project import copy_package


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``tvm_stm32`` and ``site_scons``, not to be changed."""
    return copy_package(tmp_path_factory.mktemp("checkout"))
