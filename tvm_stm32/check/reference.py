# SPDX-License-Identifier: Apache-2.0
"""What the original interpreter of a model's format computes: the results that the C is held to.

TFLite: TensorFlow Lite Micro, and LiteRT's reference kernels for operators that it lacks. ONNX: onnxruntime, operator
by operator as the file has them. PyTorch: PyTorch itself, of the extra ``torch``; the others are of ``validate``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.errors import ModelError, ToolError, missing_extra
from tvm_stm32.model.library_format import is_archive, read_source
from tvm_stm32.model.torch.archive import is_program
from tvm_stm32.model.torch.program import input_shapes, load_program

Array = npt.NDArray[Any]

#: bytes that TensorFlow Lite Micro may use; it has no way to tell how many a model needs
_ARENA_SIZE = 1 << 25


@dataclass(frozen=True, slots=True)
class Reference:
    """An interpreter with a model: `run` takes an array for each input, and gives one for each output."""

    name: str
    run: Callable[[Sequence[Array]], list[Array]]


def reference_of(path: Path) -> Reference:
    """The interpreter of the .tflite, .onnx or .pt2 file `path`, or of the one in an archive.

    Raises:
        ToolError: a package of the extra ``validate``, or ``torch`` for PyTorch, is not installed.
        ModelError: the interpreter refuses the model.
    """
    content = path.read_bytes()
    archived = is_archive(content)
    if archived:
        content = read_source(content, str(path)).content
    makers: list[Callable[[], Reference]] = [lambda: _tflite_micro(content), lambda: _litert(content)]
    if is_program(content):
        makers = [lambda: _torch(content, str(path))]
    elif content[4:8] != b"TFL3":
        # by its path, so that weights outside of the file are found
        makers = [lambda: _onnxruntime(content if archived else str(path))]
    refused: list[str] = []
    for make in makers:
        try:
            return make()
        except ImportError as error:
            raise missing_extra(str(error.name), "validate") from error
        except ToolError:
            raise
        except Exception as error:  # each interpreter has its own
            refused.append((str(error).strip() or type(error).__name__).splitlines()[0])
    raise ModelError(f"its own interpreter refuses the model: {'; '.join(refused)}", str(path), "check the model file")


def _tflite_micro(content: bytes) -> Reference:
    from tflite.Model import Model

    runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=_ARENA_SIZE)
    outputs = Model.GetRootAs(content, 0).Subgraphs(0).OutputsLength()

    def run(inputs: Sequence[Array]) -> list[Array]:
        for index, value in enumerate(inputs):
            interpreter.set_input(np.ascontiguousarray(value), index)
        interpreter.invoke()
        return [np.array(interpreter.get_output(index)) for index in range(outputs)]

    return Reference("TensorFlow Lite Micro", run)


def _litert(content: bytes) -> Reference:
    litert = importlib.import_module("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=content, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()

    def run(inputs: Sequence[Array]) -> list[Array]:
        for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        return [np.array(interpreter.get_tensor(detail["index"])) for detail in interpreter.get_output_details()]

    return Reference("LiteRT's reference kernels", run)


def _onnxruntime(model: bytes | str) -> Reference:
    ort = importlib.import_module("onnxruntime")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # an open extent is the batch, which is 1 in C
    shapes = {
        value.name: [extent if isinstance(extent, int) else 1 for extent in value.shape]
        for value in session.get_inputs()
    }

    def run(inputs: Sequence[Array]) -> list[Array]:
        given = {name: value.reshape(shape) for (name, shape), value in zip(shapes.items(), inputs, strict=True)}
        return [np.asarray(output) for output in session.run(None, given)]

    return Reference("onnxruntime", run)


def _torch(content: bytes, where: str) -> Reference:
    program = load_program(content, where)
    torch = importlib.import_module("torch")
    tree = importlib.import_module("torch.utils._pytree")
    # an open extent is the batch, which is 1 in C
    shapes = [
        [extent if isinstance(extent, int) else 1 for extent in shape] for shape in input_shapes(program).values()
    ]
    module = program.module()

    def run(inputs: Sequence[Array]) -> list[Array]:
        given = [torch.from_numpy(value.reshape(shape)) for value, shape in zip(inputs, shapes, strict=True)]
        positional, named = tree.tree_unflatten(given, program.call_spec.in_spec)
        with torch.no_grad():
            return [output.numpy() for output in tree.tree_leaves(module(*positional, **named))]

    return Reference("PyTorch", run)
