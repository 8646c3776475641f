# SPDX-License-Identifier: Apache-2.0
"""Parts are listed by pattern, with what a compiled model would leave of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tvm_stm32.cli import main
from tvm_stm32.device.catalogue import families, matching_parts
from tvm_stm32.errors import SettingsError


def test_every_part_belongs_to_a_family() -> None:
    counts = families()
    assert counts["STM32F4"] > 300
    assert sum(counts.values()) > 3500


@pytest.mark.parametrize(("pattern", "number"), [("F405", 8), ("stm32f405?g*", 7), ("h745zit6", 2)])
def test_patterns(pattern: str, number: int) -> None:
    names = [part.name for part in matching_parts(pattern)]
    assert len(names) == len(set(names)) == number
    assert names == sorted(names)


def test_a_pattern_that_matches_nothing() -> None:
    with pytest.raises(SettingsError, match="no STM32 part has a number like 'q999'") as refused:
        matching_parts("q999")
    for example in refused.value.hint.removeprefix("e.g. ").split(", or "):
        assert matching_parts(example.strip("'"))


def test_the_pattern_in_the_guide(repository: Path) -> None:
    guide = (repository / "docs" / "user-guide.md").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"`tvm-stm32 parts '([^']+)'`", guide)
    assert matching_parts(pattern)


def test_what_a_model_leaves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "kws.json"
    manifest.write_text(json.dumps({"parameters_size": 20_000, "pools": [{"size": 4_000}, {"size": 2_145}]}))
    assert main(["parts", "c011?4*6", "--fits", str(manifest)]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split()[:8] == ["part", "core", "FPU", "flash", "RAM", "flash", "left", "RAM"]
    assert rows, "a part with 16 KB of flash and 6 KB of RAM"
    assert all(row.endswith("16,384  6,144   too small  too small") for row in rows)
    assert main(["parts", "f405rgt6", "--fits", str(manifest)]) == 0
    assert " 1,028,576   124,927 " in capsys.readouterr().out


def test_each_pool_counts_against_its_own_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part has a pool's memory by name, by address, or not at all; external memory is told of apart."""
    document = {
        "parameters_size": 61_000,
        "pools": [
            {"symbol": "kws_activations", "size": 60_000, "memory": "CCM", "address": 0x10000000},
            {"symbol": "kws_activations_ram", "size": 100_000, "memory": "RAM", "address": -1},
            {"symbol": "kws_activations_at", "size": 4_000, "memory": "", "address": 0x40024000},
            {"symbol": "kws_activations_sdram", "size": 9_000_000, "memory": "", "address": 0x80000000},
        ],
        "groups": [
            {"symbol": "kws_weights_ccm", "size": 1_000, "memory": "", "address": -1, "copied": True},
            {"symbol": "kws_weights_qspi", "size": 50_000, "memory": "", "address": 0x90000000},
        ],
    }
    manifest = tmp_path / "kws.json"
    manifest.write_text(json.dumps(document))
    assert main(["parts", "f405rgt6", "--fits", str(manifest)]) == 0
    heading, row, *apart = capsys.readouterr().out.splitlines()
    assert heading.endswith("  flash left  RAM left  other RAM left")
    assert row.split(maxsplit=5)[5].split(maxsplit=2) == [f"{(1 << 20) - 11_000:,}", "31,072", "CCM 5,536, BACKUP 96"]
    assert apart == [
        "not counted: kws_weights_qspi, 50,000 bytes at 0x90000000, outside of any part",
        "not counted: kws_activations_sdram, 9,000,000 bytes at 0x80000000, outside of any part",
    ]
    assert main(["parts", "g071rbt6", "--fits", str(manifest)]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.endswith("  120,072  too small  no CCM, no memory at 0x40024000")


def test_a_file_that_is_no_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("[]")
    assert main(["parts", "f4", "--fits", str(tmp_path / "x.json")]) == 2
    assert "x.json: no manifest of a compiled model" in capsys.readouterr().err
