# SPDX-License-Identifier: Apache-2.0
"""The options of a project's server: what clients are told of them, and what they may send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tvm_stm32.project.rpc import invalid_params

_TYPES = {"str": str, "bool": bool}


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
        "what the network's C is made for",
        choices=("time", "ram", "balanced"),
        default="balanced",
        optional=_GENERATE,
    ),
    ProjectOption(
        "project_type",
        "firmware that computes for a host",
        choices=("host_driven",),
        default="host_driven",
        optional=_GENERATE,
    ),
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

    Raises:
        RpcError: an option that it does not take, or lacks, or that cannot have that value.
    """
    known = {option.name: option for option in OPTIONS if option.concerns(method)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise invalid_params(f"{method} has no option {', '.join(unknown)}; it has {', '.join(known)}")
    for name, option in known.items():
        if name in given:
            _check(option, given[name])
        elif option.required and method in option.required:
            raise invalid_params(f"{method} needs the option {name}: {option.help}")
    return {name: given.get(name, option.default) for name, option in known.items()}


def _check(option: ProjectOption, value: object) -> None:
    if not isinstance(value, _TYPES[option.type]):
        raise invalid_params(f"option {option.name} is of type {option.type}, not {value!r}")
    if option.choices and value not in option.choices:
        raise invalid_params(f"option {option.name} is one of {', '.join(option.choices)}, not {value!r}")
