# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# the same examples on every run, and no verdict from a clock
settings.register_profile("project", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

REPOSITORY = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files of tests/golden anew, then compare")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Large models and benchmarks kept beside the checkout, or where TVM_STM32_SHARED says; without them, skip."""
    path = Path(os.environ.get("TVM_STM32_SHARED", REPOSITORY.parent / "shared"))
    if not (path / "models").is_dir():
        pytest.skip(
            f"no {path.name}/models beside the checkout: the networks of MLPerf Tiny are not part of this project"
        )
    return path


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden("emit/kws.h", text)`` compares `text` with that file of tests/golden; --update-golden writes it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"tests/golden/{name} does not exist; run pytest with --update-golden"
        assert text == path.read_text(encoding="utf-8"), f"tests/golden/{name} differs; --update-golden accepts it"

    return compare
