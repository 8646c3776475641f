# SPDX-License-Identifier: Apache-2.0
"""Firmware of TensorFlow Lite for Microcontrollers linked with our libraries: on an emulated STM32F405, on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.api.layered import CLIENTS, layered
from tests.api.test_layers import LIMIT, code_size
from tests.firmware.build import CXX17, PROGRAMS, build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line, total_line
from tests.tiny_models import tiny, total
from tests.toolchains import C99, HOST, M4, WARNINGS, Toolchain
from tvm_stm32.api.emit import emit_library
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

MODELS = [layered(model, "tflm") for model in (tiny(), tiny("outside", "application", "application"), total())]


PRINTED = [
    tiny_line("one model", 1),
    tiny_line("elsewhere", 2),
    tiny_line("after a reset", 3),
    tiny_line("profiled", 4),
    '"Event","Tag","Ms","Ticks"',
    *(f"{index},{tag},5,5" for index, tag in enumerate(("MUL", "ADD", "CUMSUM", "DEQUANTIZE"))),
    '"Unique Tag","Total ticks across all events with that tag."',
    "MUL, 5",
    "ADD, 10",
    "CUMSUM, 5",
    "DEQUANTIZE, 5",
    "total number of ticks, 25",
    *(line for seed in (1, 2) for line in (tiny_line("tiny", seed), total_line(seed))),
    "a report of 42",
    tiny_line("with a reporter", 5),
    *(f"Failed to allocate tensors: tiny needs 56 bytes, the arena has {size}" for size in (55, 3, 62)),
    "Operator 19 was added before",
    "Operator 0: the resolver is full with 2",
    "~~~ALL TESTS PASSED~~~",
    "done",
]


def test_on_the_f405(tmp_path: Path) -> None:
    run = run_elf(build_firmware("tflm", MODELS, F405, tmp_path, programs=CLIENTS), machine_for_part(F405))
    assert run.output.splitlines() == PRINTED
    assert run.status == 0


def test_on_the_host_under_sanitizers(tmp_path: Path) -> None:
    command = [build_host_program("tflm", MODELS, tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", PRINTED, 0)


USER = """
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tiny_model_data.h"

int run(uint8_t *arena, size_t size, tflite::MicroProfilerInterface *profiler);

int run(uint8_t *arena, size_t size, tflite::MicroProfilerInterface *profiler)
{
    tflite::MicroMutableOpResolver<1> resolver;
    static tflite::MicroInterpreter interpreter(tflite::GetModel(g_tiny_model_data), resolver, arena, size, nullptr,
                                                profiler);
    if (resolver.AddConv2D() != kTfLiteOk || interpreter.AllocateTensors() != kTfLiteOk) {
        return 1;
    }
    interpreter.input(0)->data.int8[0] = 1;
    return interpreter.Invoke() == kTfLiteOk ? interpreter.typed_output_tensor<int8_t>(0)[0] : 1;
}
"""


def test_the_classes_are_thin_too(tmp_path: Path) -> None:
    """A user of the classes, its own code and the C below included."""
    write_artifacts(emit_library(MODELS[0]), tmp_path)
    (tmp_path / "user.cc").write_text(USER)
    compiler = Toolchain("c++", ("arm-none-eabi-g++", *M4.command[1:]))
    compiler.compile(tmp_path, *CXX17, *WARNINGS, "-Os", "-Iapi/tflm", "-c", "user.cc")
    M4.compile(tmp_path, *C99, "-Os", "-c", "api/tflm/tvm_ai_tflm.c")
    assert sum(code_size(tmp_path / file) for file in ("user.o", "tvm_ai_tflm.o")) <= LIMIT


def test_clang_has_nothing_to_say(tmp_path: Path) -> None:
    write_artifacts(emit_library(MODELS[0]), tmp_path)
    command = ("clang++", *CXX17, *WARNINGS, "-Iapi/tflm", f"-I{PROGRAMS}", "-fsyntax-only", str(CLIENTS / "tflm.cc"))
    assert Toolchain("clang++", command).compile(tmp_path) == ""


LOGGER = """
#include "tensorflow/lite/micro/cortex_m_generic/debug_log_callback.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/system_setup.h"
#include <stdio.h>

static void print(const char *text)
{
    printf("<%s>", text);
}

int main()
{
    tflite::InitializeTarget();
    MicroPrintf("lost");
    RegisterDebugLogCallback(print);
    MicroPrintf("%s %d", "found", 42);
    RegisterDebugLogCallback(nullptr);
    MicroPrintf("lost again");
    return tflite::TicksToMs(5) == 0 ? static_cast<int>(tflite::GetCurrentTimeTicks()) : 1;
}
"""


def test_an_application_without_a_platform(tmp_path: Path) -> None:
    """Clock, start and log are then the library's; a callback makes the log print."""
    write_artifacts(emit_library(MODELS[0]), tmp_path)
    (tmp_path / "logger.cc").write_text(LOGGER)
    sources = [f"api/tflm/tvm_ai_tflm_{name}.c" for name in ("platform", "callback")]
    HOST.compile(tmp_path, *C99, "-c", *sources)
    objects = [f"{Path(source).stem}.o" for source in sources]
    Toolchain("g++", ("g++", *CXX17, *WARNINGS)).compile(tmp_path, "-Iapi/tflm", "logger.cc", *objects, "-o", "logger")
    run = subprocess.run([tmp_path / "logger"], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout == "<found 42><\n>"
