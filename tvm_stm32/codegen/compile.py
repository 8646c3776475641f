# SPDX-License-Identifier: Apache-2.0
"""The compiler: from a model file to a `CompiledModel`. Imports TVM; ``child`` runs it in a process of its own."""

from __future__ import annotations

import importlib.metadata
from dataclasses import replace
from pathlib import Path

import numpy as np

import tvm_stm32
from tvm_stm32.codegen.compiled_model import (
    Argument,
    Call,
    CompiledModel,
    CompiledTensor,
    Kernel,
    Microkernel,
    Parameter,
    PlacedPool,
    Settings,
    TensorQuantization,
)
from tvm_stm32.codegen.limits import check_interface
from tvm_stm32.codegen.lower import LoweredKernel, lower
from tvm_stm32.codegen.pools import ARENA, divide, working_names
from tvm_stm32.codegen.schedule import least_bytes, schedule
from tvm_stm32.kernels.fusion import Layers, fuse_rows
from tvm_stm32.kernels.implementation import Constant, Implementation, Scratch, Specification
from tvm_stm32.kernels.select import implement
from tvm_stm32.kernels.sharing import share
from tvm_stm32.kernels.target import target_of
from tvm_stm32.memory.buffer import aligned
from tvm_stm32.memory.planner import Plan
from tvm_stm32.memory.pools import ARENA_ALIGNMENT
from tvm_stm32.model.load import load_model
from tvm_stm32.model.network import Network, Operator, Quantization, Tensor
from tvm_stm32.quantize.fold import fold
from tvm_stm32.simplify.aliases import share_buffers
from tvm_stm32.simplify.ranges import value_ranges
from tvm_stm32.simplify.simplify import simplify


def compile_model(path: Path, settings: Settings) -> CompiledModel:
    """Compile the model file `path`.

    Raises:
        ModelError: the file cannot be read or holds something unsupported.
    """
    loaded = load_model(path)
    network = loaded.network
    kind = "int8" if any(t.quantization for t in network.tensors.values()) else "float32"
    compiled = compile_network(
        network, settings, source=loaded.source, signature=loaded.signature, description=f"{loaded.format}, {kind}"
    )
    for name in loaded.translators:
        # without the word for how a package was built: it says nothing of what it does
        compiled.versions[name] = importlib.metadata.version(name).partition("+")[0]
    return compiled


def compile_network(
    network: Network, settings: Settings, source: str = "", signature: str = "0" * 64, description: str = ""
) -> CompiledModel:
    """Compile a network that a front end has read; `network` is changed."""
    network = fold(network)
    simplify(network, settings.keep_channels)
    owners = share_buffers(network)
    check_interface(network)
    target = target_of(settings.cpu, settings.optimize)
    ranges = value_ranges(network)
    found = [implement(network, operator, target, ranges) for operator in network.operators]
    implementations = share(found, settings.optimize)
    if settings.accelerator:
        implementations = [implementation.with_outputs_apart() for implementation in implementations]
    layers = Layers(network.operators, implementations)
    return _Assembly(network, settings, owners, layers).finish(source, signature, description)


class _Assembly:
    """Names, offsets, kernels and calls of one model."""

    def __init__(
        self,
        network: Network,
        settings: Settings,
        owners: dict[str, str],
        layers: Layers,
    ) -> None:
        self.network = network
        self.settings = settings
        self.owners = owners
        self.lowered: dict[Specification, LoweredKernel] = {}
        self.kernels: dict[Specification, Kernel] = {}
        self.families: dict[str, int] = {}
        self.microkernels: dict[str, Microkernel] = {}
        self.parameters: dict[tuple[str, bytes], Parameter] = {}
        arena = {name: tensor.size for name, tensor in network.tensors.items() if self._in_arena(name)}
        given = owners, network.inputs, network.outputs, arena
        if settings.optimize != "time" and not settings.accelerator:  # which is offered one operator a call
            layers = fuse_rows(layers, owners, network.outputs, lambda kernels: least_bytes(kernels, *given))
        implementations = [self._lower(implementation) for implementation in layers.implementations]
        self.scheduled = found = schedule(implementations, *given, settings.pools)
        self.operators = [layers.operators[index] for index in found.order]
        self.implementations = [implementations[index] for index in found.order]
        self.steps, self.spans = found.steps, found.spans
        self.pool_names = working_names(settings.pools, found.plans) if settings.pools else {ARENA: ARENA}
        self.names = self._tensor_names()

    def finish(self, source: str, signature: str, description: str) -> CompiledModel:
        """Everything as plain data."""
        calls = [
            self._call(index, operator, implementation)
            for index, (operator, implementation) in enumerate(zip(self.operators, self.implementations, strict=True))
        ]
        plans, parameters = self.scheduled.plans, list(self.parameters.values())
        pools: list[PlacedPool] = []
        arena = next((plan for pool, plan in plans.items() if self.pool_names[pool] == ARENA), Plan({}, 0, 0))
        size, alignment = aligned(arena.size, ARENA_ALIGNMENT), ARENA_ALIGNMENT
        if self.settings.pools:
            pools, parameters = divide(self.settings.pools, plans, calls, parameters)
            size, alignment = pools[0].size, pools[0].alignment
        return CompiledModel(
            settings=self.settings,
            source=source,
            signature=signature,
            description=description,
            inputs=[self.names[name] for name in self.network.inputs],
            outputs=[self.names[name] for name in self.network.outputs],
            tensors=[self._tensor(name) for name in self.names],
            parameters=parameters,
            microkernels=list(self.microkernels.values()),
            kernels=list(self.kernels.values()),
            calls=calls,
            activations_size=size,
            activations_alignment=alignment,
            lower_bound=arena.lower_bound,
            versions={"tvm_stm32": tvm_stm32.__version__, "apache-tvm": importlib.metadata.version("apache-tvm")},
            notes=self.network.notes,
            pools=pools,
        )

    def _owner(self, tensor: str) -> str:
        return self.owners.get(tensor, tensor)

    def _tensor_names(self) -> dict[str, str]:
        """C names of the tensors that have a buffer, inputs and outputs first by their position."""
        names = {name: f"input_{index}" for index, name in enumerate(self.network.inputs)}
        names |= {name: f"output_{index}" for index, name in enumerate(self.network.outputs)}
        for step in self.steps:
            for name in (*step.reads, *step.writes):
                names.setdefault(name, f"tensor_{len(names)}")
        return names

    def _in_arena(self, tensor: str) -> bool:
        if tensor in self.network.inputs:
            return self.settings.inputs == "arena"
        return tensor not in self.network.outputs or self.settings.outputs == "arena"

    def _pool(self, buffer: str) -> str:
        """The C name of the pool of working memory that `buffer` is in."""
        return self.pool_names[self.scheduled.pools[buffer]]

    def _tensor(self, name: str) -> CompiledTensor:
        tensor = self.network.tensors[name]
        first, last = self.spans[name]
        return CompiledTensor(
            name=name,
            c_name=self.names[name],
            dtype=tensor.dtype,
            shape=list(tensor.shape),
            size=tensor.size,
            quantization=_quantization(tensor),
            pool=self._pool(name) if self._in_arena(name) else "application",
            offset=self.scheduled.offset(name),
            first=first,
            last=last,
        )

    def _call(self, index: int, operator: Operator, implementation: Implementation) -> Call:
        kernel = self._kernel(implementation)
        arguments = []
        scratch = iter(self.steps[index].scratch.items())
        for argument in implementation.arguments:
            if isinstance(argument, Constant):
                arguments.append(Argument("parameter", self._parameter(index, operator, implementation, argument)))
            elif isinstance(argument, Scratch):
                name, size = next(scratch)
                arguments.append(Argument("scratch", name, self.scheduled.offset(name), size, self._pool(name)))
            else:
                arguments.append(Argument("tensor", self.names[self._owner(argument.tensor)]))
        family = implementation.specification.family
        macs, rounding = implementation.macs, implementation.rounding
        return Call(kernel.c_name, arguments, operator.name, operator.source, family, macs, rounding)

    def _lower(self, implementation: Implementation) -> Implementation:
        """Lower the kernel; with its workspace, if it has one, `implementation` needs one scratch buffer more."""
        specification = implementation.specification
        if specification not in self.lowered:
            self.lowered[specification] = lower(implementation, f"{self.settings.name}_kernel")
        workspace = self.lowered[specification].workspace
        if not workspace:
            return implementation
        return replace(implementation, arguments=(*implementation.arguments, Scratch(workspace)))

    def _kernel(self, implementation: Implementation) -> Kernel:
        specification = implementation.specification
        if specification in self.kernels:
            return self.kernels[specification]
        number = self.families.get(specification.family, 0)
        self.families[specification.family] = number + 1
        name = f"{self.settings.name}_{specification.family}_{number}"
        for microkernel in implementation.microkernels:
            self.microkernels.setdefault(microkernel.name, Microkernel(microkernel.name, microkernel.render()))
        lowered = self.lowered[specification]
        kernel = Kernel(
            c_name=name,
            parameters=list(lowered.parameters),
            body=lowered.body,
            comment=specification.describe(),
            helpers=list(lowered.helpers),
        )
        self.kernels[specification] = kernel
        return kernel

    def _parameter(self, index: int, operator: Operator, implementation: Implementation, constant: Constant) -> str:
        """The member that holds `constant`; equal arrays are kept once."""
        values = np.ascontiguousarray(constant.values)
        content = values.astype(values.dtype.newbyteorder("<")).tobytes()
        key = (str(values.dtype), content)
        if key not in self.parameters:
            name = f"{implementation.specification.family}_{index}_{constant.role}"
            comment = f"{operator.name}: {constant.layout}"
            self.parameters[key] = Parameter(name, str(values.dtype), content, int(values.size), comment)
        return self.parameters[key].c_name


def _quantization(tensor: Tensor) -> TensorQuantization | None:
    quantization: Quantization | None = tensor.quantization
    if quantization is None:
        return None
    axis = -1 if quantization.axis is None else quantization.axis
    return TensorQuantization(list(quantization.scales), list(quantization.zero_points), axis)
