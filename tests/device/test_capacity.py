# SPDX-License-Identifier: Apache-2.0
"""Models that are too large for a part are refused with the figures."""

from __future__ import annotations

import pytest

from tvm_stm32.device.capacity import check_beside_stack, check_capacity
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import CapacityError

F405 = find_part("STM32F405RGT6")


@pytest.mark.parametrize(("flash", "ram"), [(0, 0), (1 << 20, 128 << 10)])
def test_what_fits(flash: int, ram: int) -> None:
    check_capacity(F405, flash, ram, "kws")


def test_too_many_weights() -> None:
    with pytest.raises(CapacityError) as error:
        check_capacity(F405, (1 << 20) + 1, 0, "kws")
    assert "kws needs 1,048,577 bytes of flash for its weights; STM32F405RGT6 has FLASH 1,048,576" in str(error.value)


def test_activations_must_fit_one_memory() -> None:
    # CCM and RAM together would have 192 KB.
    with pytest.raises(CapacityError) as error:
        check_capacity(F405, 0, (128 << 10) + 1, "kws")
    assert "kws needs 131,073 bytes of RAM in one piece" in str(error.value)
    assert "STM32F405RGT6 has RAM 131,072, CCM 65,536, BACKUP 4,096" in str(error.value)


def test_activations_beside_the_stack() -> None:
    check_beside_stack(F405, (128 << 10) - 4096, "kws")
    with pytest.raises(CapacityError) as error:
        check_beside_stack(F405, (128 << 10) - 4095, "kws")
    assert "kws needs 126,977 bytes of RAM for its activations, beside a stack of 4,096;" in str(error.value)
    assert "STM32F405RGT6 has RAM 131,072\n" in str(error.value)
