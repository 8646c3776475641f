# SPDX-License-Identifier: Apache-2.0
"""The measuring harness, which stands outside this repository: ``bench.py`` builds firmware for an emulated Cortex-M,
runs it, and reports sizes, instructions and cycles. Here it is called from Python, and asked about parts of a run too.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: the harness's name of a core -> the compiler's
CORES = {"m0": "cortex-m0plus", "m3": "cortex-m3", "m4": "cortex-m4", "m7": "cortex-m7", "m33": "cortex-m33"}


class HarnessError(Exception):
    """The harness is not there, or what it builds does not build or run."""


@dataclass(frozen=True)
class Interval:
    """What ran between two marks; cycles are those of the core that it ran on."""

    instructions: int
    cycles: int


@dataclass(frozen=True)
class Result:
    """Figures of one program by the harness's names, and the program."""

    figures: dict[str, Any]
    elf: Path


class Harness:
    """``bench.py`` of `folder`; builds go to `out`.

    Raises:
        HarnessError: there is no ``bench.py``, or a package that it needs is missing.
    """

    def __init__(self, folder: Path, out: Path) -> None:
        path = folder / "bench.py"
        if not path.is_file():
            raise HarnessError(f"{folder}: no bench.py there; name its folder with --bench")
        specification = importlib.util.spec_from_file_location("bench", path)
        assert specification is not None and specification.loader is not None
        bench: Any = importlib.util.module_from_spec(specification)
        try:
            specification.loader.exec_module(bench)
        except ImportError as error:
            raise HarnessError(
                f"the harness needs the Python package {error.name}: pip install {error.name}"
            ) from error
        bench.OUT = str(out)
        self.bench, self.folder, self.out = bench, folder, out

    def measure(
        self, name: str, model: str, data: Path, cpu: str, flags: str, include: Path, sources: Sequence[Path]
    ) -> Result:
        """Build, run, and count the first run.

        Args:
            name: of the folder to build in.
            model: the name of the inputs and expected outputs, and of their specification.
            data: the folder that has these.
            cpu: one of `CORES`.
            flags: the C compiler's, for optimisation.
            include: a folder of headers.
            sources: files, or folders of C.

        Raises:
            HarnessError: it does not compile, does not fit, or does not end well.
        """
        arguments = ["--model", model, "--cpu", cpu, "--name", name, f"--opt={flags}", f"--cflags=-I{include}"]
        self.bench.DATA = [str(data)]
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                figures = self.bench.main([*arguments, *map(str, sources)])
        except SystemExit as error:
            raise HarnessError(f"{name} on {cpu}: {error}\n{said.getvalue()}") from error
        if figures is None:
            raise HarnessError(f"{name} on {cpu} did not run to its end:\n{said.getvalue()}")
        return Result(figures, self.out / name / f"{model}_{cpu}" / "app.elf")

    def interval(self, elf: Path, cpu: str, begin: str, end: str, skip: int = 0) -> Interval:
        """Run `elf` again and count from the entry of `begin`, passed over `skip` times, to the next one of `end`."""
        _, machine, flash, *_ = self.bench.CPU[cpu]
        symbols = self.bench.cycles.Img(str(elf)).sym
        with tempfile.TemporaryDirectory() as temporary:
            counts = Path(temporary) / "counts"
            plugin = f"{self.bench.plugin()},start={symbols[begin] & ~1},stop={symbols[end] & ~1}"
            plugin += f",out={counts},skip={skip},base={flash}"
            command = ["qemu-system-arm", "-M", machine, "-nographic", "-monitor", "none", "-serial", "none"]
            command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf), "-plugin", plugin]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
            if not counts.is_file():
                raise HarnessError(f"{elf}: {begin} to {end} was not run:\n{ran.stderr[-500:]}")
            counted, _ = self.bench.cycles.analyse(str(elf), str(counts))
        return Interval(counted["instr"], cycles(counted, cpu))


def cycles(figures: dict[str, Any], cpu: str) -> int:
    """The cycles among `figures`: by the model of the Cortex-M7 on one, else by the timing table of the Cortex-M4."""
    by_core = {name.removeprefix("cyc_"): figure for name, figure in figures.items()}
    figure: float = by_core["m7" if cpu == "m7" else "m4"]
    return round(figure)
