# SPDX-License-Identifier: Apache-2.0
"""The options of a project's server: what clients are told of them, and what they may send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tvm_stm32.project.rpc import invalid_params

_TYPES = {"str": str, "bool": bool}
#: options of type "str" for which clients send lists of them as well: the protocol has no type for that
_LISTS = ("compile_definitions",)


@dataclass(frozen=True, slots=True)
class ProjectOption:
    """An option that the methods `required` must be given and the methods `optional` may be."""

    name: str
    help: str
    choices: tuple[str, ...] | None = None
    default: str | bool | None = None
    type: str = "str"
    required: tuple[str, ...] | None = None
    optional: tuple[str, ...] | None = None

    def concerns(self, method: str) -> bool:
        """Whether `method` takes it."""
        return method in (self.required or ()) + (self.optional or ())


_GENERATE = ("generate_project",)
_DEVICE = ("flash", "open_transport")

OPTIONS = (
    ProjectOption("part", "STM32 part number, such as STM32F405RGT6", required=_GENERATE),
    ProjectOption(
        "name", "C identifier of the model; default: the archive's, or from the model's file name", optional=_GENERATE
    ),
    ProjectOption(
        "optimize",
        "what the network's C is made for; default: the archive's objective, or balanced",
        choices=("time", "ram", "balanced"),
        optional=_GENERATE,
    ),
    ProjectOption(
        "memory_pools",
        "memories for activations and weights: a YAML file, a memory-pool JSON of ST's tools, or the word part",
        optional=_GENERATE,
    ),
    ProjectOption(
        "project_type",
        "firmware that computes for a host",
        choices=("host_driven",),
        default="host_driven",
        optional=_GENERATE,
    ),
    ProjectOption(
        "warning_as_error",
        "a warning about the firmware's own C ends the build",
        default=False,
        type="bool",
        optional=_GENERATE,
    ),
    ProjectOption(
        "compile_definitions",
        "macros for the firmware's own C: NAME or NAME=VALUE, several with blanks between them or as a list",
        optional=_GENERATE,
    ),
    ProjectOption(
        "extra_files_tar",
        "tar archive that is unpacked into the project; C files in its src are built",
        optional=_GENERATE,
    ),
    ProjectOption("cmsis_path", "folder of CMSIS, whose headers the firmware's own C can include", optional=_GENERATE),
    ProjectOption("build_system", "what builds it", choices=("scons", "cmake"), default="scons", optional=("build",)),
    ProjectOption("verbose", "print what the build prints", default=False, type="bool", optional=("build",)),
    ProjectOption(
        "board",
        "where it runs: on an emulated board, or on one with a debug probe (pyocd)",
        choices=("emulated", "attached"),
        default="emulated",
        optional=_DEVICE,
    ),
    ProjectOption("probe", "unique id of the debug probe, where there are several", optional=_DEVICE),
    ProjectOption("target", "pyocd's name of the part; default: from the part", optional=_DEVICE),
)


def documents() -> list[dict[str, Any]]:
    """What ``server_info_query`` tells of the options."""
    return [asdict(option) for option in OPTIONS]


def chosen(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each option that `method` takes.

    Those of other methods are passed over: TVM's client sends all methods the same options. An option that is null is
    one that is not given.

    Raises:
        RpcError: an option that no method takes, or that `method` lacks, or that cannot have that value.
    """
    options = {option.name: option for option in OPTIONS}
    unknown = sorted(set(given) - set(options))
    if unknown:
        raise invalid_params(f"{method} has no option {', '.join(unknown)}; there are {', '.join(options)}")
    values = {name: value for name, value in given.items() if value is not None}
    for name, value in values.items():
        _check(options[name], value)
    for name, option in options.items():
        if name not in values and method in (option.required or ()):
            raise invalid_params(f"{method} needs the option {name}: {option.help}")
    return {name: values.get(name, option.default) for name, option in options.items() if option.concerns(method)}


def _check(option: ProjectOption, value: object) -> None:
    several = value if option.name in _LISTS and isinstance(value, list) else [value]
    if not all(isinstance(one, _TYPES[option.type]) for one in several):
        raise invalid_params(f"option {option.name} is of type {option.type}, not {value!r}")
    if option.choices and value not in option.choices:
        raise invalid_params(f"option {option.name} is one of {', '.join(option.choices)}, not {value!r}")
