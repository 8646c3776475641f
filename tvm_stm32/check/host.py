# SPDX-License-Identifier: Apache-2.0
"""Runs compiled models on this machine: their C in a shared library, called from Python.

`HostModel.run` goes through the public C interface, as an application does. `HostModel.trace` makes the calls of the
run function one by one, as the manifest lists them, and shows what each layer wrote.
"""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tvm_stm32.check.build import build
from tvm_stm32.codegen.artifacts import source_names
from tvm_stm32.codegen.manifest import Manifest, ManifestArgument, ManifestTensor, decode_manifest
from tvm_stm32.errors import ModelError, SettingsError, ToolError
from tvm_stm32.model.network import TOGETHER

Array = npt.NDArray[Any]

#: TVM_AI_MAX_IO of tvm_ai.h
MAX_IO = 8
#: TVM_AI_MAX_POOLS of tvm_ai_pools.h
MAX_POOLS = 8


class _Tensor(ctypes.Structure):
    """``tvm_ai_tensor``."""

    _fields_ = (("data", ctypes.c_void_p), ("info", ctypes.c_void_p))


class _Memory(ctypes.Structure):
    """``tvm_ai_memory``."""

    _fields_ = (("activations", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Instance(ctypes.Structure):
    """``tvm_ai_pooled_instance``, which begins with a ``tvm_ai_instance``."""

    _fields_ = (
        ("magic", ctypes.c_uint32),
        ("error", ctypes.c_int),
        ("model", ctypes.c_void_p),
        ("activations", ctypes.c_void_p),
        ("parameters", ctypes.c_void_p),
        ("tensors", _Tensor * MAX_IO),
        ("pools", ctypes.c_void_p * MAX_POOLS),
        ("groups", ctypes.c_void_p * MAX_POOLS),
    )


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of the model `name` in `folder`.

    Raises:
        ModelError: there is none, or it is not one of this version.
    """
    path = folder / f"{name}.json"
    try:
        return decode_manifest(path.read_bytes())
    except OSError as error:
        hint = "compile the model first: tvm-stm32 compile"
        raise ModelError(f"cannot read the manifest: {error.strerror or error}", str(path), hint) from error
    except msgspec.DecodeError as error:
        raise ModelError(f"this is no manifest: {error}", str(path), "compile the model again") from error


def load(folder: Path, names: Sequence[str], flags: Sequence[str] = ("-O1",)) -> list[HostModel]:
    """Compiles the C of the models `names` in `folder` into one shared library and loads it.

    Raises:
        ModelError: a manifest is missing or broken.
        ToolError: there is no host compiler, or it refuses the C.
    """
    manifests = [read_manifest(folder, name) for name in names]
    sources = list(
        dict.fromkeys(
            folder / source for manifest in manifests for source in source_names(manifest.name, pools=manifest.pooled)
        )
    )
    with tempfile.TemporaryDirectory(prefix="tvm_stm32_") as temporary:
        target = Path(temporary) / "models.so"
        build(sources, target, ("-shared", "-fPIC", f"-I{folder}", *flags))
        library = ctypes.CDLL(str(target))  # stays loaded after the file is gone
    return [HostModel(manifest, library) for manifest in manifests]


class HostModel:
    """A compiled model in a library that is loaded."""

    def __init__(self, manifest: Manifest, library: ctypes.CDLL) -> None:
        self.manifest = manifest
        self._library = library
        self._tensors = {tensor.c_name: tensor for tensor in manifest.tensors}
        self._parameters = {parameter.name: parameter for parameter in manifest.parameters}
        self._alignment = max(pool.alignment for pool in manifest.pools)

    @classmethod
    def load(cls, folder: Path, name: str, flags: Sequence[str] = ("-O1",)) -> HostModel:
        """Compiles and loads one model; see `load`."""
        (model,) = load(folder, [name], flags)
        return model

    @property
    def inputs(self) -> list[ManifestTensor]:
        """The inputs, in the model file's order."""
        return [self._tensors[name] for name in self.manifest.inputs]

    @property
    def outputs(self) -> list[ManifestTensor]:
        """The outputs, in the model file's order."""
        return [self._tensors[name] for name in self.manifest.outputs]

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """One inference through ``tvm_ai_create`` and ``tvm_ai_run``.

        Args:
            inputs: an array for each input, of its dtype and as many elements.

        Returns:
            An array for each output, in its shape.

        Raises:
            SettingsError: the inputs do not fit the model.
            ToolError: the C interface reports an error.
        """
        values = self._checked(inputs)
        pools = self._pools()
        memory = (_Memory * len(pools))(*(_Memory(pools[p.name].address, p.size) for p in self.manifest.pools))
        instance = _Instance()
        model = ctypes.c_char.in_dll(self._library, f"{self.manifest.name}_model")
        to_create = (ctypes.byref(instance), ctypes.byref(model), memory)
        if self.manifest.pooled:
            self._require("create", self._library.tvm_ai_create_in_pools(*to_create, len(pools)))
        else:
            self._require("create", self._library.tvm_ai_create(*to_create))
        blocks = {t.c_name: _Block(t.size, self._alignment) for t in (*self.inputs, *self.outputs)}
        for slot, tensor in enumerate((*self.inputs, *self.outputs)):
            if tensor.pool == "application":
                instance.tensors[slot].data = blocks[tensor.c_name].address
        for slot, value in enumerate(values):
            ctypes.memmove(instance.tensors[slot].data, value.ctypes.data, value.nbytes)
        self._require("run", self._library.tvm_ai_run(ctypes.byref(instance)))
        slots = range(len(self.inputs), len(self.inputs) + len(self.outputs))
        return [_array(instance.tensors[slot].data, tensor) for slot, tensor in zip(slots, self.outputs, strict=True)]

    def trace(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """One inference, call by call.

        Returns:
            What each layer wrote, by the layer's name in the model file, in the order of the calls. Layers that cost
            nothing, such as a reshape, have no call and are missing, as are those that are computed together with a
            later one; the shape is that of the buffer's tensor.

        Raises:
            SettingsError: the inputs do not fit the model.
        """
        values = self._checked(inputs)
        pools = self._pools()
        own = {t.c_name: _Block(t.size, self._alignment) for t in self._tensors.values() if t.pool == "application"}
        addresses = {
            name: own[name].address if name in own else pools[tensor.pool].address + tensor.offset
            for name, tensor in self._tensors.items()
        }
        for name, value in zip(self.manifest.inputs, values, strict=True):
            ctypes.memmove(addresses[name], value.ctypes.data, value.nbytes)
        weights = {group: self._weights(group) for group in {p.group for p in self.manifest.parameters}}
        layers: dict[str, Array] = {}
        for index, call in enumerate(self.manifest.calls):
            places = [self._place(argument, pools, addresses, weights) for argument in call.arguments]
            function = self._library[call.kernel]
            function.restype = None
            function(*(ctypes.c_void_p(place) for place in places))
            for argument in call.arguments:
                if argument.kind == "tensor" and argument.name not in self.manifest.inputs:
                    tensor = self._tensors[argument.name]
                    if tensor.first == index:
                        layers[call.layer.rpartition(TOGETHER)[2]] = _array(addresses[argument.name], tensor)
        return layers

    def _pools(self) -> dict[str, _Block]:
        """Working memory for each pool."""
        return {pool.name: _Block(pool.size, pool.alignment) for pool in self.manifest.pools}

    def _place(
        self, argument: ManifestArgument, pools: dict[str, _Block], addresses: dict[str, int], weights: dict[str, int]
    ) -> int:
        """The address that a call passes."""
        if argument.kind == "tensor":
            return addresses[argument.name]
        if argument.kind == "parameter":
            parameter = self._parameters[argument.name]
            return weights[parameter.group] + parameter.offset
        return pools[argument.pool].address + argument.offset

    def _weights(self, group: str) -> int:
        """The address of the constants of a group, as they are linked; "" is the model's own struct of them."""
        symbol = f"{self.manifest.name}_weights{'_' * bool(group)}{group}"
        return ctypes.addressof(ctypes.c_char.in_dll(self._library, symbol))

    def _checked(self, inputs: Sequence[Array]) -> list[Array]:
        """The inputs as contiguous arrays that fit the model."""
        if len(inputs) != len(self.inputs):
            raise SettingsError(f"{len(inputs)} inputs for a model with {len(self.inputs)}", self.manifest.name)
        for value, tensor in zip(inputs, self.inputs, strict=True):
            if value.dtype != np.dtype(tensor.dtype) or value.nbytes != tensor.size:
                what = f"an input is {value.dtype}{list(value.shape)}, expected {tensor.dtype}{tensor.shape}"
                raise SettingsError(what, f"{self.manifest.name}, input {tensor.name!r}")
        return [np.ascontiguousarray(value) for value in inputs]

    def _require(self, step: str, status: int) -> None:
        """Raises an error unless `status` is TVM_AI_OK."""
        if status != 0:
            text = self._library.tvm_ai_status_text
            text.restype = ctypes.c_char_p
            raise ToolError(f"tvm_ai_{step}: {text(status).decode()}", self.manifest.name)


class _Block:
    """`size` bytes at an aligned address, filled with a pattern so that nothing works by luck."""

    def __init__(self, size: int, alignment: int) -> None:
        self._buffer = (ctypes.c_uint8 * (size + alignment))()
        ctypes.memset(self._buffer, 0xA5, size + alignment)
        self.address = -(-ctypes.addressof(self._buffer) // alignment) * alignment


def _array(address: int, tensor: ManifestTensor) -> Array:
    """A copy of the tensor's values at `address`."""
    content = ctypes.string_at(address, tensor.size)
    return np.frombuffer(content, tensor.dtype).reshape(tensor.shape).copy()
