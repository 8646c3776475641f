# SPDX-License-Identifier: Apache-2.0
"""Layouts against NumPy: after any transposes and reshapes the offsets still find every element."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tvm_stm32.model.onnx.layout import Layout, channels_last, inverse

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@st.composite
def reshapings(draw: st.DrawFn, elements: int) -> list[int]:
    """A shape of that many elements."""
    shape = []
    while elements > 1:
        factor = draw(st.sampled_from([n for n in range(2, elements + 1) if elements % n == 0]))
        shape.append(factor)
        elements //= factor
    return draw(st.permutations([*shape, *[1] * draw(st.integers(0, 2))])) or [1]


@given(SHAPES, st.data())
def test_offsets_follow_transposes_and_reshapes(shape: list[int], data: st.DataObject) -> None:
    buffer = np.arange(np.prod(shape))
    layout, value = Layout.contiguous(shape), buffer.reshape(shape)
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            order = data.draw(st.permutations(range(value.ndim)))
            layout, value = layout.transpose(order), value.transpose(order)
        else:
            target = data.draw(reshapings(value.size))
            reshaped = layout.reshape(target)
            if reshaped is not None:
                layout, value = reshaped, value.reshape(target)
    assert layout.shape == value.shape
    np.testing.assert_array_equal(buffer[layout.offsets()], value)
    np.testing.assert_array_equal(layout.place(value), buffer)
    order = data.draw(st.permutations(range(value.ndim)))
    memory, permutation = layout.moves(order)
    moved = buffer.reshape(memory).transpose(permutation).reshape(-1)
    np.testing.assert_array_equal(moved, value.transpose(order).reshape(-1))
    assert layout.is_ordered(order) == np.array_equal(moved, buffer)


def test_a_flattened_picture_that_lies_channels_last_is_one_axis_of_three_runs() -> None:
    picture = Layout.contiguous((1, 4, 5, 3)).transpose(inverse(channels_last(4)))
    flat = picture.reshape((1, 60))
    assert flat is not None
    assert flat.axes == ((), ((3, 1), (20, 3)))
    assert flat.has_rows(1)
    assert not flat.is_ordered((0, 1))


def test_extents_of_one_hide_no_order() -> None:
    pooled = Layout.contiguous((1, 1, 1, 16)).transpose(inverse(channels_last(4)))
    assert pooled.is_ordered(range(4))
    assert pooled.reshape((1, 16)) == Layout.contiguous((1, 16))


def test_reshapes_across_runs_are_not_a_layout() -> None:
    turned = Layout.contiguous((4, 6)).transpose((1, 0))
    assert turned.shape == (6, 4)
    assert turned.reshape((4, 6)) is None
    assert turned.reshape((3, 8)) == Layout((((3, 2),), ((2, 1), (4, 6))))
