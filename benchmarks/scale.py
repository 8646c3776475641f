#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a build of many models costs: a generated SCons project of 100 small models for 3 parts each, from nothing,
with nothing to do, with one model changed, and in a second checkout that shares the first one's cache.

benchmarks/scale.py [--models 100] [--parts 3] [--jobs 2] [--folder FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import process_tree
from tflite_builder import TfliteBuilder

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("STM32F405RGT6", "STM32F767ZIT6", "STM32G071RBT6")  #: a Cortex-M4, an M7 and an M0+
NULL_BUILDS = 3  #: the quickest counts

#: The firmware's SConstruct; each model is compiled for each part.
SCONSTRUCT = """\
DefaultEnvironment(tools=[])
CacheDir({cache!r})
for part in {parts!r}:
    env = Environment(tools=["default", "tvm_stm32"], toolpath=[{root!r}], TVM_STM32_PART=part)
    for model in Glob("models/*.tflite", strings=True):
        env.TvmModel(f"build/{{part}}/" + model[7:-7], model)
"""

#: The same C files and libraries without this project, by SCons' own commands.
PLAIN = """\
DefaultEnvironment(tools=[])
env = Environment(
    tools=["default"], CC="sh tool.sh", AR="sh tool.sh", RANLIB="true",
    CCFLAGS=["-mcpu=cortex-m4", "-mthumb", "-std=c99", "-O2", "-ffunction-sections", "-fdata-sections"],
)
for folder in Glob("c/*/*", strings=True):
    env.StaticLibrary(folder + "/model", Glob(folder + "/*.c"), CPPPATH=[folder])
"""

#: Stands for compiler and archiver: what they write does not matter to a null build.
TOOL = '[ -z "$2" ] || echo "$@" >"$2"\n'

#: Reads a project's SConstruct, and tells in the end how many files below its folder the build has looked at.
COUNT = """\
import atexit
import SCons.Node.FS

def files(folder):
    entries = [entry for name, entry in folder.entries.items() if name not in (".", "..")]
    folders = [entry for entry in entries if isinstance(entry, SCons.Node.FS.Dir)]
    return sum(isinstance(entry, SCons.Node.FS.File) for entry in entries) + sum(map(files, folders))

SConscript("SConstruct")
atexit.register(lambda: print("files", files(Dir("#"))))
"""

#: How an action's line begins, with -Q.
ACTION = re.compile(r"^(TVM|CC|AR|SIZE|Retrieved) ", re.MULTILINE)


@dataclass(frozen=True)
class Build:
    """One run of SCons: seconds by the wall clock and of all its processes, how many actions of each kind it ran."""

    name: str
    seconds: float
    processor: float
    actions: dict[str, int]


def small_model(seed: int, first_weight: int) -> bytes:
    """A .tflite file of two fully connected layers, int8 [1, 16] to [1, 8] to [1, 4]."""
    weights = np.random.default_rng(seed).integers(-127, 128, 16 * 8 + 8 * 4).astype(np.int8)
    weights[0] = first_weight
    builder = TfliteBuilder()
    x = builder.input([1, 16], "int8", 0.5)
    hidden, y = builder.value([1, 8], "int8", 0.5), builder.value([1, 4], "int8", 0.5)
    wide = builder.constant(weights[:128].reshape(8, 16), [1 / 256], [0])
    narrow = builder.constant(weights[128:].reshape(4, 8), [1 / 256], [0])
    builder.operator("FULLY_CONNECTED", [x, wide, -1], [hidden])
    builder.operator("FULLY_CONNECTED", [hidden, narrow, -1], [y])
    return builder.finish([y])


def write_checkout(folder: Path, models: int, parts: Sequence[str], cache: Path) -> Path:
    """A repository as a colleague clones it, with the cache that all share."""
    (folder / "models").mkdir(parents=True)
    for number in range(models):
        (folder / f"models/m{number:03}.tflite").write_bytes(small_model(number, 1))
    (folder / "SConstruct").write_text(SCONSTRUCT.format(cache=str(cache), parts=list(parts), root=str(ROOT)))
    return folder


def write_plain(folder: Path, checkout: Path) -> Path:
    """The C files and headers that were generated in `checkout`, as a project that knows nothing else."""
    shutil.copytree(checkout / "build", folder / "c", ignore=shutil.ignore_patterns("*.o", "*.a", "*.json"))
    (folder / "SConstruct").write_text(PLAIN)
    (folder / "tool.sh").write_text(TOOL)
    return folder


def scons(folder: Path, *options: str) -> str:
    """What SCons prints in `folder`.

    Raises:
        subprocess.CalledProcessError: the build failed; SCons has said why.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("SCONSFLAGS", "PYTHONPATH")}
    command = [sys.executable, "-m", "SCons", "-Q", *options]
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def build(name: str, folder: Path, *options: str) -> Build:
    start, used = time.monotonic(), _processor_seconds()
    printed = scons(folder, *options)
    seconds, processor = time.monotonic() - start, _processor_seconds() - used
    return Build(name, round(seconds, 2), round(processor, 2), dict(Counter(ACTION.findall(printed))))


def _processor_seconds() -> float:
    """Of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def null_build(name: str, folder: Path) -> Build:
    """The quickest of several: what else the machine does counts as little as it can."""
    return min((build(name, folder) for _ in range(NULL_BUILDS)), key=lambda build: build.processor)


def nodes(folder: Path) -> int:
    """Files of a project that a null build looks at, those included that it looks for in vain."""
    (folder / "count.scons").write_text(COUNT)
    return int(scons(folder, "-f", "count.scons").rpartition("files ")[2])


def measure(folder: Path, models: int, parts: Sequence[str], jobs: int) -> tuple[list[Build], dict[str, float]]:
    """All builds, and beside them the files of the null builds and the memory of one compile in megabytes."""
    cache = folder / "cache"
    first = write_checkout(folder / "first", models, parts, cache)
    compile_one = [sys.executable, "-m", "tvm_stm32", "compile", str(first / "models/m000.tflite"), "--name", "m000"]
    memory = process_tree.run([*compile_one, "--part", parts[0], "--output", str(folder / "one")]).megabytes
    builds = [build("from nothing", first, f"-j{jobs}"), null_build("nothing to do", first)]
    plain = write_plain(folder / "plain", first)
    scons(plain, f"-j{jobs}")
    builds.append(null_build("nothing to do, plain C files", plain))
    (first / "models/m000.tflite").write_bytes(small_model(0, 2))
    builds.append(build("weights of one model changed", first, f"-j{jobs}"))
    (first / "models/m000.tflite").write_bytes(small_model(0, 1))
    second = write_checkout(folder / "second", models, parts, cache)
    builds.append(build("second checkout, shared cache", second, f"-j{jobs}"))
    return builds, {"files": nodes(first), "plain_files": nodes(plain), "megabytes": round(memory)}


def print_table(builds: list[Build], figures: dict[str, float]) -> None:
    """As Markdown."""
    print("| build | models compiled | C files | archives | from the cache | seconds | of processors |")
    print("|---|---|---|---|---|---|---|")
    for row in builds:
        counts = [row.actions.get(kind, 0) for kind in ("TVM", "CC", "AR", "Retrieved")]
        cells = [*(f"{count:,}" for count in counts), f"{row.seconds:,.1f}", f"{row.processor:,.1f}"]
        print(f"| {row.name} | {' | '.join(cells)} |")
    seconds = {row.name: row.processor for row in builds}
    ratio = seconds["nothing to do"] / seconds["nothing to do, plain C files"]
    files, plain, memory = (f"{figures[name]:,.0f}" for name in ("files", "plain_files", "megabytes"))
    print(
        f"\nA null build of {files} files takes {ratio:.2f} times the processor's time that SCons takes for the C files"
    )
    print(f"alone, {plain} files. One compile holds {memory} MB at most, with all its processes.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--parts", type=int, default=len(PARTS), choices=range(1, len(PARTS) + 1))
    parser.add_argument("--jobs", type=int, default=2, help="at a time; default: 2")
    parser.add_argument("--folder", type=Path, help="new folder to build in, which stays; default: a temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary) / "scale").resolve()
        builds, figures = measure(folder, arguments.models, PARTS[: arguments.parts], arguments.jobs)
    print_table(builds, figures)
    if arguments.json:
        arguments.json.write_text(json.dumps({"builds": [asdict(row) for row in builds], **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
