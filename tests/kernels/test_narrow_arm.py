# SPDX-License-Identifier: Apache-2.0
"""The Arm form of the microkernels of convolutions and dense layers gives what the portable form gives, bit by bit."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from kernels.arm_microkernels import failures

from tvm_stm32.kernels.microkernels.dense import Dense
from tvm_stm32.kernels.microkernels.flat import Flat
from tvm_stm32.kernels.microkernels.pairs import Pairs
from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.kernels.microkernels.rows import Rows
from tvm_stm32.kernels.microkernels.stream import block_words, lanes_of
from tvm_stm32.kernels.microkernels.widen import Widen, WidenPairs

FORMS = [
    Requantization(12, signed=False),
    Requantization(7, signed=True, clamp=(-128, 40)),
    Requantization(0, signed=True, clamp=(-5, 127)),
    Requantization(9, signed=False, lanes=False, bits=5, clamp=(3, 77)),
    Requantization(0, signed=True, lanes=False, bits=0),
]

PROGRAM = """
static int16_t a[512] __attribute__((aligned(4))), b[512] __attribute__((aligned(4)));
static int16_t values[8192] __attribute__((aligned(4)));
static int32_t stream[4096];

static void compare(const char *name)
{{
    if (memcmp(a, b, sizeof a) != 0) {{
        semihosting_print(name);
        semihosting_print(" differs\\n");
    }}
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
}}

/* constants of a block such that sums with a high half fit 32 bits, and shifts by registers are from 1 to 31 */
static void limit(int32_t *constants, int32_t words, int32_t channels)
{{
    for (int32_t i = 0; i < channels * words; i++) {{
        constants[i] = i % words == 3 ? (constants[i] & 15) + 1 : i % words == 0 ? constants[i] : constants[i] / 4;
    }}
}}

/* biases A and B as A, 256 * B + A */
static void join(int32_t *biases)
{{
    biases[0] /= 256;
    biases[1] = (int32_t)((uint32_t)biases[1] << 8) + biases[0];
}}

/* biases A and B as 256 * A, 256 * B + A */
static void join_scaled(int32_t *biases)
{{
    biases[0] /= 1024;
    biases[1] = (int32_t)((uint32_t)biases[1] << 8) + biases[0];
    biases[0] *= 256;
}}

/* the weights of a channel that is alone in its lanes */
static void widen_lanes(int32_t *words, int32_t count)
{{
    for (int16_t *lane = (int16_t *)words; lane < (int16_t *)(words + count); lane++) {{
        *lane = (int8_t)*lane;
    }}
}}

/* inputs and a stream of any bytes */
static void fill(void)
{{
    randomize(stream, sizeof stream);
    for (uint32_t i = 0; i < sizeof values / sizeof values[0]; i++) {{
        randomize(&values[i], 2);
        values[i] = (int16_t)(values[i] >> 8);
    }}
}}

/* the third pair of pixels begins with the pixel before */
static void repeat(int32_t steps)
{{
    for (int32_t i = 0; i < 4 * steps; i += 4) {{
        memcpy(values + 8 * steps + i, values + 4 * steps + i + 2, 4);
    }}
}}

int main(void)
{{
{calls}
    limit(stream, 0, 0);
    widen_lanes(stream, 0);
    join(stream);
    join_scaled(stream);
    repeat(1);
    semihosting_print("end\\n");
    semihosting_exit(0);
    return 0;
}}
"""


def check(folder: Path, microkernels: list[object], calls: list[str]) -> None:
    """Runs `calls` with both forms of the microkernels."""
    program = PROGRAM.format(calls="\n".join(f"    {call}" for call in calls))
    assert failures(folder, microkernels, program) == "end\n"  # type: ignore[arg-type]


def blocks(first: int, steps: int, channels: int, words: int, join: str = "join") -> list[str]:
    """Biases and constants of a stream of `channels` that begins at word `first`."""
    calls = []
    for channel in range(0, channels, 4):
        start = first + channel // 4 * block_words(steps, words)
        lanes = lanes_of(channels - channel)
        calls += [f"limit(stream + {start + lanes * (2 + steps)}, {words}, {2 * lanes});"]
        calls += [f"{join}(stream + {start + 2 * lane});" for lane in range(lanes)]
        calls += [f"widen_lanes(stream + {start + 2}, {steps});"] if channels - channel == 1 else []
    return calls


def test_rows(tmp_path: Path) -> None:
    shapes = [(1, 3, 12, 5, 5), (3, 5, 12, 8, 8), (10, 2, 4, 6, 9), (12, 1, 2, 3, 7), (13, 2, 8, 7, 7)]
    shapes += [(2, 24, 20, 4, 4), (3, 40, 64, 5, 6), (1, 33, 32, 4, 4), (2, 70, 16, 3, 3)]
    shapes += [(1, 3, 12, 1, 1), (3, 17, 20, 1, 3), (13, 2, 8, 2, 2), (2, 40, 8, 2, 2)]
    kernels = [
        Rows(*shape, form, run)
        for (shape, form), run in zip(product(shapes, FORMS), [5, 1, 4, 2, 7, 8, 6] * 8, strict=False)
    ]
    calls = []
    for kernel in kernels:
        calls += ["fill();"]
        calls += blocks(0, kernel.rows * kernel.steps, kernel.channels, kernel.requantization.words)
        rows = ", ".join(f"values + {30 * row % 200 * 2}" for row in range(kernel.rows))
        runs = [f"{name}(rows, stream, (int8_t *){to}, {kernel.run});" for name, to in forms(kernel.name)]
        calls += [f"{{ const int16_t *const rows[] = {{{rows}}}; {' '.join(runs)} }}", f'compare("{kernel.name}");']
    check(tmp_path, kernels, calls)


def test_flat(tmp_path: Path) -> None:
    calls, kernels = [], []
    for form, (fixed, unroll), rest in product(FORMS, [(3, 3), (32, 32), (0, 32), (0, 4)], (0, 1, 2, 3)):
        wide = rest not in (1, 2) or unroll < 32
        kernel = Flat(fixed, unroll, rest, form, wide)
        kernels.append(kernel)
        for steps in [fixed] if fixed else [1, 4, 17, 33, 64]:
            size = block_words(steps, form.words)
            header = kernel.header(steps, 2 * wide, size, 4 * 2 + rest + 1).tolist()
            calls += ["fill();", *(f"stream[{at}] = {word};" for at, word in enumerate(header))]
            calls += blocks(4, steps, 8 * wide + rest, form.words)
            calls += [f"repeat({steps});"]
            calls += [f"{name}(values, stream, (int8_t *){to}, 5);" for name, to in forms(kernel.name)]
            calls += [f'compare("{kernel.name}");']
    check(tmp_path, kernels, calls)


def test_pairs(tmp_path: Path) -> None:
    """Any number of inputs; one block, several in a row, in a loop, with some left and a part of one."""
    shapes = [(1, 3), (2, 8), (3, 5), (7, 4), (18, 12), (24, 40), (33, 23), (61, 16), (64, 9), (4, 36)]
    calls, kernels = [], []
    for number, ((inputs, channels), form) in enumerate(list(product(shapes, FORMS))[::2]):
        kernel = Pairs(inputs, channels, inputs + number % 3, channels + 1, number % 2 > 0, number % 4 > 1, form)
        assert kernel.possible()
        kernels.append(kernel)
        join = "join_scaled" if form.lanes else "join"
        calls += ["fill();", *blocks(0, kernel.steps, -(-channels // 4) * 4, form.words, join)]
        pixels = 4 + kernel.odd
        first = pixels - 2 + kernel.odd if kernel.backwards else 0
        x, y = f"(const int8_t *)values + {first * kernel.x_step}", first * kernel.y_step
        calls += [f"{name}({x}, stream, (int8_t *){to} + {y}, {pixels});" for name, to in forms(kernel.name)]
        calls += [f'compare("{kernel.name}");']
    check(tmp_path, kernels, calls)


def test_dense(tmp_path: Path) -> None:
    calls, kernels = [], []
    shapes = [(0, False), (1, False), (2, False), (1, True), (2, True)]
    for widened, common, form, (rest, narrow) in product((False, True), (False, True), FORMS, shapes):
        if common and not form.shift:
            continue
        unroll = 32 if rest == 1 else 8
        kernel = Dense(widened, common, rest, form, unroll, narrow)
        kernels.append(kernel)
        for fours, count in ((1, 1), (8, 2), (35, 2)):
            channels = rest if narrow else 4 * (count - (rest > 0)) + rest
            unrolled, others = (kernel.four_bytes * number for number in (fours // unroll * unroll, fours % unroll))
            calls += ["fill();", f"stream[0] = {unrolled}; stream[1] = {others};"]
            calls += [f"limit(stream + 2, {form.words}, 1);"] if common else []
            filled = channels if narrow else 4 * count
            calls += blocks(2 + common * form.words, 2 * fours, filled, 0 if common else form.words)
            source = "values" if widened else "(const int8_t *)values"
            calls += [f"{name}({source}, stream, (int8_t *){to}, {channels});" for name, to in forms(kernel.name)]
            calls += [f'compare("{kernel.name}");']
    check(tmp_path, kernels, calls)


def test_widening(tmp_path: Path) -> None:
    calls = []
    for kernel, counts in ((Widen(crossed=True), (4, 16, 28, 64)), (Widen(crossed=False), (1, 3, 4, 15, 19, 49, 64))):
        for count in counts:
            calls += ["fill();"]
            calls += [f"{name}((const int8_t *)values + 1, {to} + 1, {count});" for name, to in forms(kernel.name)]
            calls += [f'compare("{kernel.name}");']
    for pairs, counts in ((WidenPairs(fours=True), (4, 8, 12, 20)), (WidenPairs(fours=False), (1, 2, 3, 7, 9, 13, 18))):
        for channels, pixels in product(counts, (2, 3, 5, 8)):
            calls += ["fill();"]
            arguments = f"(const int8_t *)values, {channels + 1}, {channels}, {pixels}"
            calls += [f"{name}({arguments}, {to});" for name, to in forms(pairs.name)]
            calls += [f'compare("{pairs.name}");']
    kernels = [Widen(crossed=True), Widen(crossed=False), WidenPairs(fours=True), WidenPairs(fours=False)]
    check(tmp_path, kernels, calls)


def forms(name: str) -> list[tuple[str, str]]:
    """The names of both forms, and the buffers they fill."""
    return [(name, "a"), (f"portable_{name}", "b")]
