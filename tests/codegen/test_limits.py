# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path

import pytest

import tvm_stm32
from tvm_stm32.codegen.limits import MAX_IO, check_interface
from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import Network


def network(inputs: list[str], outputs: list[str]) -> Network:
    return Network(tensors={}, operators=[], inputs=inputs, outputs=outputs)


def test_the_limit_is_the_runtime_s() -> None:
    header = (Path(tvm_stm32.__file__).parent / "runtime" / "include" / "tvm_ai.h").read_text()
    assert re.findall(r"#define TVM_AI_MAX_IO (\d+)", header) == [str(MAX_IO)]


def test_as_many_as_an_instance_holds() -> None:
    check_interface(network(["a", "b", "c"], ["d", "e", "f", "g", "h"]))


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (["a", "b", "c", "d"], ["e", "f", "g", "h", "i"], "9 inputs and outputs together, an instance holds 8"),
        ([], ["a"], "has 0 inputs and 1 outputs"),
        (["a"], [], "has 1 inputs and 0 outputs"),
        (["a", "b", "a"], ["c"], "lists the input 'a' twice"),
    ],
)
def test_what_is_refused(inputs: list[str], outputs: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        check_interface(network(inputs, outputs))
    assert caught.value.hint
