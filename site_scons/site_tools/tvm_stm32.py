# SPDX-License-Identifier: Apache-2.0
"""Lets SCons find the tool without a tool path: ``Environment(tools=["default", "tvm_stm32"])``.

Copy or link this file into ``site_scons/site_tools`` of a firmware repository. The package is taken from where a link
leads to, else from a submodule at most two folders deep in the repository, else from what is installed.
"""

import importlib
import sys
from pathlib import Path

_HERE = Path(__file__)
_ROOTS = [
    str(package.parents[1])
    for repository in (_HERE.resolve().parents[2], _HERE.absolute().parents[2])
    for folders in ("", "*/", "*/*/")
    for package in sorted(repository.glob(f"{folders}tvm_stm32/__init__.py"))
]

# SCons has put this module where the package belongs, and its folder into the path.
sys.modules.pop("tvm_stm32", None)
_path, sys.path = sys.path, [*_ROOTS, *(entry for entry in sys.path if entry != str(_HERE.parent))]
_package = importlib.import_module("tvm_stm32")
sys.path = _path

generate = _package.generate
exists = _package.exists
