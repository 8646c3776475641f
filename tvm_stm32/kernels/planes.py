# SPDX-License-Identifier: Apache-2.0
"""The shape of a depthwise convolution by planes, and what kernels that use planes call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.microkernels.depthwise import DepthwisePlane
from tvm_stm32.kernels.microkernels.depthwise_window import DepthwiseWindow
from tvm_stm32.kernels.microkernels.split import Split
from tvm_stm32.kernels.overlap import Distances


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the image: input and output size, padding before, bytes between inputs and between outputs, and
    the kernel's taps, stride and dilation."""

    inputs: int
    outputs: int
    padding: int
    input_bytes: int
    output_bytes: int
    taps: int
    stride: int
    dilation: int

    @property
    def reach(self) -> int:
        """Inputs from an output's first tap to its last."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def phases(self) -> int:
        """Into how many runs of neighbouring taps the axis falls."""
        return 1 if self.taps == 1 else min(self.dilation, self.outputs)

    def phase(self, index: int) -> Phase:
        """One of them."""
        step = self.dilation if self.phases > 1 or self.taps > 1 else 1
        skip = max(0, -(-(self.padding - index) // step))
        first = index + skip * step - self.padding
        return Phase(first, skip, -(-(self.inputs - first) // step), -(-(self.outputs - index) // self.phases))


@dataclass(frozen=True, slots=True)
class Phase:
    """The first input and its place in the plane's row, how many inputs there are, and how many outputs."""

    first: int
    skip: int
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class PlanesSpecification:
    """`inner` runs along the planes' rows, `outer` across them; `band` output rows are computed from one filling.

    channels: of the input, of which each has `multiplier` outputs; planes: channels that are spread together;
    microkernels: of each phase.
    """

    channels: int
    multiplier: int
    planes: int
    inner: Axis
    outer: Axis
    band: int
    row_bytes: int
    input_zero_point: int
    microkernels: tuple[DepthwisePlane | DepthwiseWindow, ...]
    split: Split

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "depthwise_planes"

    @property
    def rows(self) -> int:
        """Rows of a plane."""
        return (self.band - 1) * self.outer.stride + self.outer.reach

    @property
    def bands(self) -> int:
        """Fillings of the planes for all output rows."""
        return -(-self.outer.outputs // self.band)

    @property
    def kept(self) -> int:
        """Rows of a band that the next one reads too."""
        return max(0, self.outer.reach - self.outer.stride)

    @property
    def cycles(self) -> int:
        """About how many cycles the products take, and the rows' overhead."""
        products = sum(microkernel.cycles(self.outer.outputs) for microkernel in self.microkernels)
        return self.channels * (self.multiplier * products + 8 * self.outer.inputs)

    @property
    def distances(self) -> Distances | None:
        """How the output may overlap the input: each channel over itself, on rows that are in the planes already."""
        outer, inner = self.outer, self.inner
        grouped = self.channels > self.planes
        if grouped and self.multiplier > 1:
            return None
        step = self.channels if grouped else 1
        after = [
            (b * self.band, b * self.band * outer.stride + self.kept - outer.padding) for b in range(1, self.bands)
        ]
        needed = [(written, max(row, 0)) for written, row in after if row < outer.inputs]
        if not needed:
            return Distances(step=step)
        if inner.inputs * inner.input_bytes == outer.input_bytes:  # rows follow each other
            least = max(written * outer.output_bytes - row * outer.input_bytes for written, row in needed)
            return Distances(least=least, step=step)
        # columns: every row of the output is over the row of its own number
        same = inner.stride == outer.stride == 1 and inner.input_bytes == inner.output_bytes
        return Distances(least=0, most=0, step=step) if same and outer.inputs == outer.outputs else None

    @property
    def scratch(self) -> int:
        """Bytes of the planes."""
        return self.planes * self.inner.phases * self.rows * self.row_bytes

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        outer, inner = self.outer, self.inner
        across = inner.input_bytes > self.channels  # planes along the height
        kernel = "x".join(str(axis.taps) for axis in ((inner, outer) if across else (outer, inner)))
        times = f" times {self.multiplier}" if self.multiplier > 1 else ""
        phases = f" in {inner.phases} phases" if inner.phases > 1 else ""
        microkernel = self.microkernels[0]
        shift = f"shift {microkernel.shift}" if microkernel.shift else "a shift for each channel"
        clamp = f", clamped to {list(microkernel.clamp)}" if microkernel.clamp else ""
        return (
            f"{self.family}: {self.channels}{times} channels, kernel {kernel}, planes along the"
            f" {'height' if across else 'width'}{phases}, {self.band} of {outer.outputs} rows at a time\n"
            f"{outer.inputs}x{inner.inputs} to {outer.outputs}x{inner.outputs} values, stride"
            f" {outer.stride}x{inner.stride}, dilation {outer.dilation}x{inner.dilation} (across and along planes)\n"
            f"int8, input zero point {self.input_zero_point}; requantized by multiply-high and {shift}{clamp}: proven"
            f" equal to the model's rounding"
        )


@dataclass(frozen=True, slots=True)
class PlaneCalls:
    """What kernels of planes call, as TIR. `kept`: rows that a band finds in the planes from the one before."""

    spec: PlanesSpecification
    kept: int

    @property
    def size(self) -> int:
        """Values of a plane."""
        return self.spec.rows * self.width

    @property
    def width(self) -> int:
        """Values of a row of a plane."""
        return self.spec.row_bytes // 2

    @property
    def number(self) -> int:
        """Planes of all phases."""
        return self.spec.planes * self.spec.inner.phases

    @property
    def above(self) -> bool:
        """Whether bands have rows before the input's first."""
        return self.spec.outer.padding > 0

    @property
    def below(self) -> bool:
        """Whether bands have rows after the input's last."""
        spec, outer = self.spec, self.spec.outer
        return (spec.bands - 1) * spec.band * outer.stride + spec.rows > outer.padding + outer.inputs

    def rows_to_load(self, band: Any) -> tuple[Any, Any, Any]:
        """The first row that a band loads, and where its rows inside the input begin and end."""
        spec, outer, rows = self.spec, self.spec.outer, self.spec.rows
        line = band * (spec.band * outer.stride) - outer.padding
        start = T.min(band, 1) * self.kept
        begin = T.min(T.max(start, -line), rows) if self.above else start
        return start, begin, T.max(begin, T.min(rows, outer.inputs - line)) if self.below else rows

    def fill(self, to: Any, lines: Any) -> Any:
        """`lines` rows of padding."""
        value = self.spec.input_zero_point
        return T.call_extern("void", "tvm_ai_fill_planes", to, self.number, self.size, value, lines * self.width)

    def keep(self, to: Any) -> Any:
        """The last rows of a band become the first of the next."""
        start, count = (self.spec.rows - self.kept) * self.width, self.kept * self.width
        return T.call_extern("void", "tvm_ai_keep", to, self.number, self.size, start, count)

    def spread(self, pixel: Any, to: Any, count: int, lines: Any) -> Any:
        """Channels of `lines` rows into planes."""
        spec, inner = self.spec, self.spec.inner
        step = inner.input_bytes * (inner.dilation if inner.taps > 1 else 1)
        strides = (step, count, spec.outer.input_bytes, lines, spec.row_bytes)
        if spec.planes == 1:
            return T.call_extern("void", "tvm_ai_widen_rows", pixel, to, *strides)
        return T.call_extern("void", spec.split.name, pixel, to, *strides, 2 * inner.phases * self.size)

    def multiply(self, name: str, start: Any, constants: Any, to: Any, band: Any, channels: int) -> Any:
        """The outputs of a band."""
        spec, outer = self.spec, self.spec.outer
        rest = outer.outputs - (spec.bands - 1) * spec.band
        between = (spec.inner.output_bytes, outer.output_bytes) if spec.microkernels[0].inner_bytes == 0 else ()
        lines = T.if_then_else(band < spec.bands - 1, spec.band, rest) if rest < spec.band else spec.band
        plane_bytes = 2 * spec.inner.phases * self.size if spec.multiplier == 1 else 0
        return T.call_extern("void", name, start, constants, to, lines, channels, plane_bytes, *between)
