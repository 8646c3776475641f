# SPDX-License-Identifier: Apache-2.0
"""Say what is there, what is missing and how to get it; fails unless models can be compiled and built."""

from __future__ import annotations

import argparse
import platform
import sys

import msgspec

import tvm_stm32
from tvm_stm32.doctor.finding import IN_WORDS, NEEDED, Finding, Purpose, is_served
from tvm_stm32.doctor.packages import examine_packages
from tvm_stm32.doctor.programs import examine_programs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 doctor``."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print all findings; 0 when the purposes in `NEEDED` are served, else 1."""
    findings = [*examine_packages(), *examine_programs()]
    able = {purpose: is_served(purpose, findings) for purpose in Purpose}
    ready = all(able[purpose] for purpose in NEEDED)
    if arguments.json:
        document = {
            "tvm_stm32": tvm_stm32.__version__,
            "python": {"version": platform.python_version(), "place": sys.executable},
            "ready": ready,
            "able": able,
            "findings": findings,
        }
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return 0 if ready else 1
    print(f"tvm-stm32 {tvm_stm32.__version__}, Python {platform.python_version()} ({sys.executable})")
    for purpose in Purpose:
        print(f"{IN_WORDS[purpose]}: {'yes' if able[purpose] else 'NO' if purpose in NEEDED else 'no'}")
        for found in findings:
            if found.purpose == purpose:
                print("\n".join(_lines(found)))
    return 0 if ready else 1


def _lines(found: Finding) -> list[str]:
    facts = " ".join(filter(None, [found.version, f"({found.place})" if found.place else ""]))
    line = f"  {'ok ' if found.good else '-- '} {found.name}" + (f" {facts}" if facts else "")
    return [line] if found.good else [f"{line}: {found.problem}", f"        {found.hint}"]
