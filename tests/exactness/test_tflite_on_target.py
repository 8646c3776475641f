# SPDX-License-Identifier: Apache-2.0
"""Operators of TensorFlow Lite on emulated Cortex-M4, M3 and M0+ against TFLM: the instructions the host has not."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import msgspec
import pytest
from exactness.emulated import run_on_emulator
from exactness.single_operator import OBJECTIVES, SETTINGS, Case, compare, read_bytes, values
from exactness.tflite_cases import OTHERS, WEIGHTED
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tvm_stm32.codegen.compile import compile_network

#: models of one firmware; most have weights, whose kernels differ most between cores
MODELS = 14
CASES = st.one_of(*WEIGHTED.values(), *WEIGHTED.values(), st.one_of(*OTHERS.values()))


def check_on(core: str, cases: list[Case]) -> None:
    """Compares the outputs of all cases, compiled into one firmware, with their reference."""
    networks = [read_bytes(case.model) for case in cases]
    inputs = [
        list(values([network.tensors[name] for name in network.inputs], case.seed))[-2:]
        for network, case in zip(networks, cases, strict=True)
    ]
    models = [
        compile_network(network, msgspec.structs.replace(SETTINGS, name=f"model_{index}", cpu=core, optimize=objective))
        for (index, network), objective in zip(enumerate(networks), itertools.cycle(OBJECTIVES), strict=False)
    ]
    with tempfile.TemporaryDirectory() as folder:
        results = run_on_emulator(models, inputs, core, Path(folder))
    for case, rounds, outputs in zip(cases, inputs, results, strict=True):
        reference = case.oracle(case.model)
        for arrays, found in zip(rounds, outputs, strict=True):
            reference.run(arrays)
            for index, array in enumerate(found):
                compare(array, reference.output(index))


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m3", "cortex-m0plus"])
@settings(max_examples=examples(2))
@given(cases=st.lists(CASES.filter(lambda case: case.flat), min_size=MODELS, max_size=MODELS))
def test_operators(core: str, cases: list[Case]) -> None:
    check_on(core, cases)
