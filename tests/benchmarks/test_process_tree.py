# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

import pytest
from process_tree import run

HOLD = "import time; held = bytearray(b'x') * (60 << 20); time.sleep(0.5)"


def test_memory_of_children_counts() -> None:
    parent = f"import subprocess, sys; {HOLD.rpartition(';')[0]}; subprocess.run([sys.executable, '-c', {HOLD!r}])"
    alone, both = run([sys.executable, "-c", HOLD]), run([sys.executable, "-c", parent])
    assert 60 < alone.megabytes < 120 < both.megabytes
    assert both.seconds > 0.5


def test_what_fails_says_why() -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        run([sys.executable, "-c", "raise SystemExit('no such thing')"])
    assert raised.value.stderr == "no such thing\n"
