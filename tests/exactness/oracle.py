# SPDX-License-Identifier: Apache-2.0
"""The references: TFLM, and LiteRT for the operators that TFLM lacks. Both run their reference kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import interpreter
from tflite_micro.python.tflite_micro import runtime


class Oracle:
    """TFLM's interpreter over the bytes of a model, which keeps every tensor."""

    def __init__(self, model: bytes, arena_size: int = 1 << 22) -> None:
        config = runtime.InterpreterConfig.kPreserveAllTensors
        self.interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_size, intrepreter_config=config)

    def run(self, inputs: Sequence[npt.NDArray[Any]]) -> None:
        """Runs one inference."""
        for index, value in enumerate(inputs):
            self.interpreter.set_input(np.ascontiguousarray(value), index)
        self.interpreter.invoke()

    def output(self, index: int) -> npt.NDArray[Any]:
        """The model's output of that index."""
        return np.array(self.interpreter.get_output(index))

    def tensor(self, index: int) -> npt.NDArray[Any]:
        """The tensor of that index in the file, after the last run."""
        return np.array(self.interpreter.GetTensor(index, 0)["tensor_data"])


class LiteRtOracle:
    """LiteRT's reference kernels, for the operators that TFLM does not have."""

    def __init__(self, model: bytes) -> None:
        self.interpreter = interpreter.Interpreter(
            model_content=model, experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF
        )
        self.interpreter.allocate_tensors()

    def run(self, inputs: Sequence[npt.NDArray[Any]]) -> None:
        """Runs one inference."""
        for detail, value in zip(self.interpreter.get_input_details(), inputs, strict=True):
            self.interpreter.set_tensor(detail["index"], value)
        self.interpreter.invoke()

    def output(self, index: int) -> npt.NDArray[Any]:
        """The model's output of that index."""
        return np.array(self.interpreter.get_tensor(self.interpreter.get_output_details()[index]["index"]))
