# SPDX-License-Identifier: Apache-2.0
"""The bill of materials and the notice of a package: valid, complete, and the same each time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from static_library import F405, build_library
from tiny_models import tiny

from tests.api.layered import layered
from tvm_stm32.api.emit import emit_library
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.package.cmake import write_cmake_package
from tvm_stm32.package.library import read_library
from tvm_stm32.package.sbom import compilers

MODEL = layered(tiny(float_abi="hard"), "x-cube-ai")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bill")
    write_artifacts(emit_library(MODEL), root / "model")
    write_cmake_package(
        root / "dist", root / "model", build_library(root / "model", "tiny", root / "build", *F405), version="1.2"
    )
    return root / "dist"


@pytest.fixture(scope="module")
def bill(package: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((package / "share/tiny/tiny.cdx.json").read_text(encoding="utf-8"))
    return content


def test_bill_is_valid(package: Path) -> None:
    text = (package / "share/tiny/tiny.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    broken = text.replace('"bomFormat": "CycloneDX"', '"bomFormat": "SPDX"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_bill_names_the_model_by_its_hash(bill: dict[str, Any]) -> None:
    (model,) = (part for part in bill["components"] if part["type"] == "machine-learning-model")
    assert model["name"] == MODEL.source
    assert model["hashes"] == [{"alg": "SHA-256", "content": MODEL.signature}]
    assert bill["metadata"]["component"]["version"] == "1.2"
    assert {"name": "tvm-stm32:api", "value": "x-cube-ai"} in bill["metadata"]["component"]["properties"]


def test_bill_names_the_tools_with_their_versions(bill: dict[str, Any]) -> None:
    tools = {tool["name"]: tool.get("version") for tool in bill["metadata"]["tools"]["components"]}
    (compiler,) = (name for name in tools if name.startswith("GCC: "))
    assert tools == {"tvm-stm32": "1.2.3", "apache-tvm": "4.5.6", compiler: None}


def test_bill_lists_every_other_file(package: Path, bill: dict[str, Any]) -> None:
    listed = {part["name"]: part["hashes"][0]["content"] for part in bill["metadata"]["component"]["components"]}
    found = {str(file.relative_to(package)): file.read_bytes() for file in package.rglob("*") if file.is_file()}
    del found["share/tiny/tiny.cdx.json"]
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


def test_bill_says_no_time(bill: dict[str, Any]) -> None:
    assert "timestamp" not in json.dumps(bill)


def test_serial_number_follows_the_content(package: Path, bill: dict[str, Any], tmp_path: Path) -> None:
    build, model = package.parent / "build/libtiny.a", package.parent / "model"
    write_cmake_package(tmp_path / "same", model, build, version="1.2")
    same = (tmp_path / "same/share/tiny/tiny.cdx.json").read_bytes()
    assert same == (package / "share/tiny/tiny.cdx.json").read_bytes()
    write_cmake_package(tmp_path / "other", model, build, version="1.3")
    other = json.loads((tmp_path / "other/share/tiny/tiny.cdx.json").read_bytes())
    assert other["serialNumber"] != bill["serialNumber"]


def test_notice_says_whose_what_is(package: Path) -> None:
    notice = " ".join((package / "share/tiny/NOTICE").read_text(encoding="utf-8").split())
    assert f"come from {MODEL.source} (SHA-256 {MODEL.signature})" in notice
    assert "Apache TVM 4.5.6" in notice
    assert "those of the interfaces x-cube-ai" in notice
    assert "Compiled with: GCC: " in notice


def test_compilers_of_objects_that_keep_no_note(package: Path, tmp_path: Path) -> None:
    quiet = build_library(package.parent / "model", "tiny", tmp_path, *F405, "-fno-ident")
    assert compilers(read_library(quiet)) == []
