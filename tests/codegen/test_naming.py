# SPDX-License-Identifier: Apache-2.0
"""Model names become C identifiers, or are refused."""

import pytest

from tvm_stm32.codegen.naming import check_name
from tvm_stm32.errors import SettingsError


@pytest.mark.parametrize("name", ["kws", "wake_word", "K2", "int8_model"])
def test_identifiers_pass(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2kws",
        "wake-word",
        "a b",
        "naïve",
        "_private",
        "int",
        "class",
        "typeof",
        "tvm_ai",
        "x_weights",
        "math",
        "String",
    ],
)
def test_others_are_refused_with_a_hint(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_name(name)
    assert caught.value.where == "--name"
    assert "letters, digits and underscores" in caught.value.hint
