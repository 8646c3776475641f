# SPDX-License-Identifier: Apache-2.0
"""Looks through the JSON of a .pt2 file for anything but names, numbers and operators that compute.

What PyTorch does with it, were it not looked through: names of inputs, weights and modules become Python source that
is compiled and run; so do guards; symbolic extents are evaluated; targets of calls are looked up anywhere in
``torch``; structures of arguments may import modules; records marked so are unpickled. Schema:
``torch/_export/serde/schema.py`` of PyTorch 2.13.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tvm_stm32.errors import ModelError

#: no string of these characters is a Python expression that calls anything
_NAME = re.compile(r"[\w.:+ -]*")
#: SymPy's notation of an extent
_EXTENT = re.compile(
    r"(?:(?:Symbol|Integer|Rational|Add|Mul|Pow|Max|Min|Mod|FloorDiv|CeilDiv|TruncToInt)\("
    r"|'[su]\d+'|(?:positive|integer|negative|nonnegative)=(?:True|False)|-?\d+|[(),\s])*"
)
_OPERATOR = re.compile(r"torch\.ops\.(?:aten|quantized_decomposed)\.(\w+)\.\w+")
#: what a program with open extents computes them with
_ARITHMETIC = re.compile(r"_operator\.(?:getitem|add|sub|mul|floordiv|truediv|mod|neg|eq|ne|lt|le|gt|ge)"
                         r"|torch\.sym_(?:int|float|max|min|not|sum)|math\.(?:ceil|floor|trunc)")  # fmt: skip
#: operators with an effect outside of the program
_EFFECTS = {"from_file", "save"}
_STRUCTURES = {None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"}
#: arguments of operators that compute otherwise in training
_TRAINING = {"train", "training"}
_INPUTS = {"parameter", "buffer", "tensor_constant", "user_input"}
#: arguments that are code, or made by it
_CODE = {"as_graph", "as_operator", "as_custom_obj"}
#: arguments that are text, which PyTorch quotes
_TEXT = {"as_string", "as_strings"}
#: all that is kept of where a node comes from, and what is not kept of it: types may hold anything
_ORIGIN = "nn_module_stack"
_BEYOND_NAMES = re.compile(r"[^\w.:;,<>@ ()\[\]-]")

_UNTRUSTED = "do not use a file from somebody you do not trust; else rename what it names in the model"


def screen_program(program: dict[str, Any], where: str) -> None:
    """Checks the document of a program, and takes away what is not needed of it.

    Raises:
        ModelError: it names something that is not plain data, or is in training mode.
    """
    program["guards_code"] = []
    module = program["graph_module"]
    module["metadata"] = {}
    for node in module["graph"]["nodes"]:
        _screen_node(node, where)
    signature = module["signature"]
    for spec in signature["input_specs"]:
        if not spec.keys() <= _INPUTS:
            raise ModelError(f"inputs of the kind {', '.join(spec)} are not supported", where, "use tensors")
    for spec in signature["output_specs"]:
        if set(spec) != {"user_output"}:
            raise ModelError(f"outputs of the kind {', '.join(spec)} are not supported", where, "use tensors")
    _screen_values(program, where)


def screen_payload(config: dict[str, Any], where: str) -> None:
    """Checks the document that says which record holds which weight.

    Raises:
        ModelError: a record is a pickle.
    """
    for name, payload in config["config"].items():
        path = str(payload["path_name"])
        if payload["use_pickle"] or not path.startswith(("weight_", "tensor_")):
            hint = "keep plain tensors in the model; quantize with prepare_pt2e and convert_pt2e, not with quantize_"
            raise ModelError(f"{name!r} is a pickled object, which is not read", where, hint)
    _screen_values(config, where)


def _screen_node(node: dict[str, Any], where: str) -> None:
    target = str(node["target"])
    stack = str(node["metadata"].get(_ORIGIN, ""))
    node["metadata"] = {_ORIGIN: _BEYOND_NAMES.sub("_", stack)} if stack else {}
    place = f'{where}, layer "{_layer_of(stack) or node["name"]}"'
    if any(argument["name"] in _TRAINING and argument["arg"].get("as_bool") for argument in node["inputs"]):
        raise ModelError("the layer is in training mode", place, "call model.eval() before torch.export.export")
    operator = _OPERATOR.fullmatch(target)
    if (operator and operator[1] not in _EFFECTS) or _ARITHMETIC.fullmatch(target):
        return
    hint = "replace it in the model by operators of torch itself, or compute it in the application"
    if target.startswith("torch.ops.higher_order."):
        hint = "export the model without control flow"
    short = target.removeprefix("torch.ops.")
    raise ModelError(f"the operator {short} is not supported", place, hint)


def _layer_of(stack: str) -> str:
    """The path of the innermost module in an ``nn_module_stack``: entries "key,path,type", joined by ";"."""
    return stack.split(";")[-1].split(",")[1] if stack.count(",") else ""


def _screen_values(value: Any, where: str, key: str = "") -> None:
    """Checks every key and string in `value`, itself under `key`."""
    if isinstance(value, dict):
        for name, part in value.items():
            _screen_text(name, where)
            if name == "device" and isinstance(part, dict) and part.get("type") != "cpu":
                hint = "move the model and its example inputs to the CPU before torch.export.export: model.cpu()"
                raise ModelError(f"the program is for the device {str(part.get('type'))!r}", where, hint)
            if name in _CODE:
                raise ModelError("the program holds another", where, "export the model without control flow")
            if name != "metadata":  # of nodes, which have been looked through
                _screen_values(part, where, name)
    elif isinstance(value, list):
        for part in value:
            _screen_values(part, where, key)
    elif isinstance(value, str) and key not in _TEXT:
        if key in ("in_spec", "out_spec"):
            _screen_structure(json.loads(value), where)
        elif key == "expr_str":
            _screen_text(value, where, _EXTENT)
        else:
            _screen_text(value, where)


def _screen_structure(value: Any, where: str) -> None:
    """Checks how arguments are nested: a version, and a tree of "type", "context" (again JSON), "children_spec"."""
    if isinstance(value, list):
        for part in value:
            _screen_structure(part, where)
    elif isinstance(value, dict):
        kind = value["type"]
        if kind not in _STRUCTURES:
            raise ModelError(f"inputs or outputs of type {kind} are not supported", where, "use tensors or tuples")
        keys = json.loads(value["context"] or "null") or []
        if not isinstance(keys, list) or not all(isinstance(key, str | int) for key in keys):
            raise ModelError("inputs or outputs in a structure of classes are not supported", where, "use tensors")
        _screen_values(keys, where)
        _screen_structure(value["children_spec"], where)


def _screen_text(text: str, where: str, allowed: re.Pattern[str] = _NAME) -> None:
    if not allowed.fullmatch(text):
        raise ModelError(f"the program has a name that is none: {text[:80]!r}", where, _UNTRUSTED)
