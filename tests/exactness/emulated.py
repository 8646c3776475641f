# SPDX-License-Identifier: Apache-2.0
"""Many small models in one firmware on an emulated Cortex-M, where kernels use the core's own instructions."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tvm_stm32.emulator
from tvm_stm32.codegen.artifacts import source_names
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.emit import emit
from tvm_stm32.device.core import find_core
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.startup import render_startup
from tvm_stm32.emulator.machine import machine_for_core
from tvm_stm32.emulator.run import run_elf

Array = npt.NDArray[Any]
Rounds = Sequence[Sequence[Array]]  #: for each run the inputs of a model

COMPILER = "arm-none-eabi-gcc"
PROGRAM = Path(__file__).parent / "many_models.c"
EMULATOR = Path(tvm_stm32.emulator.__file__).parent


def run_on_emulator(models: Sequence[CompiledModel], inputs: Sequence[Rounds], core: str, folder: Path) -> list[Rounds]:
    """The outputs of each run of each model on an emulated board with `core`; every model has as many runs."""
    machine = machine_for_core(find_core(core))
    board = machine.board
    if board.cpu != core:
        board = replace(board, core=find_core(core), fpu=board.fpu if board.fpu in find_core(core).fpus else None)
    for model in models:
        for name, content in emit(model).items():
            (folder / name).write_bytes(content)
    shutil.copy(PROGRAM, folder)
    (folder / "many_models.h").write_text(_header(models, rounds=len(inputs[0])))
    (folder / "table.c").write_text(_table(models, inputs))
    (folder / "startup.c").write_text(render_startup(board))
    (folder / "link.ld").write_text(render_linker_script(board))
    sources = dict.fromkeys(source for model in models for source in source_names(model.settings.name))
    command = [COMPILER, *board.compiler_flags(), "-std=c99", "-O2", "-I.", f"-I{EMULATOR}"]
    command += [
        "-nostartfiles",
        "-T",
        "link.ld",
        *sources,
        PROGRAM.name,
        "table.c",
        "startup.c",
        "-lm",
        "-o",
        "many.elf",
    ]
    subprocess.run(command, cwd=folder, check=True, timeout=600)
    run = run_elf(folder / "many.elf", machine, timeout=600)
    assert run.status == 0, run.output
    lines = iter(run.output.split())
    return [
        [_outputs(model, bytes.fromhex(next(lines))) for _ in rounds]
        for model, rounds in zip(models, inputs, strict=True)
    ]


def _header(models: Sequence[CompiledModel], rounds: int) -> str:
    arena = max(model.activations_size for model in models)
    return (
        '#include "tvm_ai.h"\n'
        f"#define MANY_MODELS {len(models)}\n"
        f"#define MANY_ROUNDS {rounds}\n"
        f"#define MANY_ARENA_SIZE {max(arena, 1)}\n"
        "extern const tvm_ai_model *const many_models[MANY_MODELS];\n"
        "extern const uint8_t many_inputs[];\n"
    )


def _table(models: Sequence[CompiledModel], inputs: Sequence[Rounds]) -> str:
    names = [model.settings.name for model in models]
    content = b"".join(np.ascontiguousarray(array).tobytes() for rounds in inputs for run in rounds for array in run)
    includes = "".join(f'#include "{name}.h"\n' for name in names)
    return (
        f'#include "many_models.h"\n{includes}'
        f"const tvm_ai_model *const many_models[] = {{{', '.join(f'&{name}_model' for name in names)}}};\n"
        f"const uint8_t many_inputs[] = {{{', '.join(map(str, content))}}};\n"
    )


def _outputs(model: CompiledModel, content: bytes) -> list[Array]:
    arrays = []
    for name in model.outputs:
        tensor = model.tensor(name)
        arrays.append(np.frombuffer(content[: tensor.size], tensor.dtype).reshape(tensor.shape))
        content = content[tensor.size :]
    return arrays
