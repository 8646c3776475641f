# SPDX-License-Identifier: Apache-2.0
"""Names, parts, cores and options that are wrong, and models that a part has no room for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cmake_project import tvm_stm32
from command_line import CommandLine, message
from small_networks import small_tflite
from tflite_builder import TfliteBuilder

NAME_HINT = "use letters, digits and underscores, starting with a letter, such as kws or wake_word"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("", "'' is no C identifier"),
        ("2kws", "'2kws' is no C identifier"),
        ("wake-word", "'wake-word' is no C identifier"),
        ("wörd", "'wörd' is no C identifier"),
        ("_kws", "'_kws' is no C identifier"),
        ("int", "'int' is a word of C or C++"),
        ("restrict", "'restrict' is a word of C or C++"),
        ("class", "'class' is a word of C or C++"),
        ("main", "'main' is a word of C or C++"),
        ("tvm_ai", "'tvm_ai' clashes with names of the generated code"),
        ("TVM_AI_model", "'TVM_AI_model' clashes with names of the generated code"),
        ("kws_weights", "'kws_weights' clashes with names of the generated code"),
        ("string", "'string' would make a header that hides the system's string.h"),
    ],
)
def test_name_that_cannot_be_used(command_line: CommandLine, name: str, what: str) -> None:
    model = command_line.write("kws.tflite", small_tflite())
    said = command_line.refuses("compile", model, "--name", name, "--cpu", "cortex-m4", "-o", "out")
    assert said == message("--name", what, NAME_HINT)


@pytest.mark.parametrize(
    ("options", "where", "what", "hint"),
    [
        ("--part STM32F405RHT6", "part", "there is no STM32 part 'STM32F405RHT6'", "near it: STM32F405RGT"),
        ("--part ATMEGA328P", "part", "there is no STM32 part 'ATMEGA328P'", "e.g. STM32F405RGT6"),
        ("--part STM32H745ZIT6", "part", "'STM32H745ZIT6' has more than one core", "say which: STM32H745ZIT6@m4, "),
        ("--cpu cortex-a9", "--cpu", "there is no core 'cortex-a9'", "one of: cortex-m0, cortex-m0plus, cortex-m1, "),
        (
            "--cpu cortex-m4 --api native,x-cube",
            "--api",
            "there is no interface 'x-cube'",
            "is x-cube-ai meant? there are native, x-cube-ai, stai, ",
        ),
        (
            "--cpu cortex-m0 --float-abi hard",
            "--float-abi",
            "cortex-m0 has no FPU, so its float ABI cannot be 'hard'",
            "use soft",
        ),
        (
            "--part STM32G071RB --float-abi hard",
            "--float-abi",
            "cortex-m0plus has no FPU, so its float ABI cannot be 'hard'",
            "use soft",
        ),
    ],
)
def test_machine_that_does_not_exist(command_line: CommandLine, options: str, where: str, what: str, hint: str) -> None:
    said = command_line.refuses_model(command_line.write("kws.tflite", small_tflite()), *options.split())
    assert said.startswith(message(where, what, hint).rstrip("\n"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--part STM32F405RGT6 --cpu cortex-m4", "argument --cpu: not allowed with argument --part"),
        ("--cpu cortex-m4 --optimize fast", "argument --optimize: invalid choice: 'fast' (choose from "),
        ("--cpu cortex-m4 --inputs heap", "argument --inputs: invalid choice: 'heap' (choose from "),
        ("--cpu cortex-m4 --float-abi softfp", "argument --float-abi: invalid choice: 'softfp' (choose from "),
        ("--cpu cortex-m4 --optimise time", "unrecognized arguments: --optimise time"),
    ],
)
def test_options_that_do_not_exist(command_line: CommandLine, options: str, said: str) -> None:
    model = command_line.write("kws.tflite", small_tflite())
    printed = command_line.refuses("compile", model, "--name", "kws", "-o", "out", *options.split())
    assert printed.startswith("usage: tvm-stm32 compile ")
    assert f"tvm-stm32 compile: error: {said}" in printed


@pytest.mark.parametrize(
    ("options", "where", "what", "hint"),
    [
        ("--cpu cortex-m4", "--name", "the model needs a name in C", "such as --name kws"),
        ("--name kws", "--part", "for which part, or which core?", "--part STM32F405RGT6, or --cpu cortex-m4"),
    ],
)
def test_what_only_an_archive_says(command_line: CommandLine, options: str, where: str, what: str, hint: str) -> None:
    model = command_line.write("kws.tflite", small_tflite())
    for verb in ("compile", "export-mlf"):
        assert command_line.refuses(verb, model, "-o", "out", *options.split()) == message(where, what, hint)


@pytest.mark.parametrize("output", ["kws.tflite", "kws.tflite/below"])
def test_output_folder_that_cannot_be(command_line: CommandLine, output: str) -> None:
    model = command_line.write("kws.tflite", small_tflite())
    said = command_line.refuses("compile", model, "--name", "kws", "--cpu", "cortex-m4", "-o", output)
    assert said.startswith(f"tvm-stm32: error: {output}: cannot write: ")
    assert said.endswith("\n  hint: name an output directory that can be written (-o)\n")
    assert (command_line.folder / model).read_bytes() == small_tflite()


# --- room ------------------------------------------------------------------------------------------------------------


def dense(inputs: int, outputs: int) -> bytes:
    """A fully connected layer, int8."""
    builder = TfliteBuilder()
    x, y = builder.input([1, inputs], "int8", 0.5), builder.value([1, outputs], "int8", 0.5)
    weights = builder.constant(np.ones((outputs, inputs), np.int8), [0.1], [0])
    builder.operator("FULLY_CONNECTED", [x, weights, -1], [y])
    return builder.finish([y])


def test_model_with_more_weights_than_flash(command_line: CommandLine) -> None:
    said = command_line.refuses_model(command_line.write("kws.tflite", dense(600, 120)), "--part", "STM32F030F4")
    what, hint = said.splitlines()
    assert what.startswith("tvm-stm32: error: kws.tflite needs 7")
    assert what.endswith(" bytes of flash for its weights; STM32F030F4 has FLASH 16,384")
    assert hint == "  hint: choose a smaller or quantized model, or a larger part"


def test_model_with_more_activations_than_ram(command_line: CommandLine) -> None:
    builder = TfliteBuilder()
    x, y = builder.input([1, 6000], "int8", 0.5), builder.value([1, 6000], "int8", 0.5)
    builder.operator("ADD", [x, x], [y])
    said = command_line.refuses_model(
        command_line.write("kws.tflite", builder.finish([y])), "--part", "STM32F030F4", "--outputs", "application"
    )
    what, hint = said.splitlines()
    assert what == (
        "tvm-stm32: error: kws.tflite needs 6,000 bytes of RAM in one piece for its activations; STM32F030F4 has "
        "RAM 4,096"
    )
    assert hint == ("  hint: choose a smaller model or a larger part; --optimize ram makes the activations smaller")


def test_real_model_on_a_part_that_is_too_small(command_line: CommandLine, shared: Path) -> None:
    model = shared / "models" / "ad_int8.tflite"
    said = command_line.refuses("compile", model, "--name", "ad", "--part", "STM32F401RB", "-o", "out")
    assert "bytes of flash for its weights; STM32F401RB has FLASH 131,072\n" in said


# --- other verbs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "the following arguments are required: VERB"),
        ("frobnicate", "argument VERB: invalid choice: 'frobnicate' (choose from 'compile', "),
    ],
)
def test_verb_that_does_not_exist(command_line: CommandLine, arguments: str, said: str) -> None:
    assert f"tvm-stm32: error: {said}" in command_line.refuses(*arguments.split())


def test_package_of_a_library_for_another_machine(command_line: CommandLine) -> None:
    model = command_line.write("kws.tflite", small_tflite())
    folder = command_line.folder
    tvm_stm32("compile", folder / model, "--name", "kws", "--part", "STM32F405RGT6", "-o", folder / "kws")
    subprocess.run("gcc -c *.c && ar rc libkws.a *.o", shell=True, cwd=folder / "kws", check=True, timeout=60)
    said = command_line.refuses("cmake-package", "kws", "--library", "kws/libkws.a", "-o", "out")
    what, hint = said.splitlines()
    assert what.startswith(
        "tvm-stm32: error: kws/libkws.a: kws is meant for STM32F405RGT6 (cortex-m4), and this library is for "
    )
    assert hint == (
        "  hint: compile it with -mcpu=cortex-m4 -mthumb and arm-none-eabi-gcc, or say --host if the host is meant"
    )


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    tool = [sys.executable, "-m", "tvm_stm32", "flags", "--part", "STM32F405RGT6"]
    with subprocess.Popen(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


def test_memory_pools_that_are_too_small(command_line: CommandLine) -> None:
    pools = b"pools: [{name: fast, address: 0x10000000, size: 64, internal: true}, {name: ram, memory: RAM, size: 100}]"
    command_line.write("pools.yaml", pools)
    model = command_line.write("kws.tflite", small_tflite())
    assert command_line.refuses_model(model, "--part", "STM32F405RG", "--memory-pools", "pools.yaml") == message(
        "memory pools",
        "the activations need 192 bytes at once, the largest buffer 96; a buffer of 32 bytes finds no room in:"
        " fast (64 bytes at 0x10000000), internal, ram (100 bytes at 0x20000000)",
        "name larger pools; --optimize ram makes the activations smaller",
    )
