# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
from pathlib import Path

import jsonschema
import msgspec
import pytest

from tests.tiny_models import mirror, tiny, total
from tests.toolchains import C99, HOST
from tvm_stm32.codegen.artifacts import artifact_names
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.manifest import SCHEMA_VERSION, decode_manifest, encode_manifest, manifest, manifest_schema
from tvm_stm32.codegen.write import write_artifacts


@pytest.mark.parametrize("model", [tiny(), total(), mirror()], ids=["tiny", "total", "mirror"])
def test_the_schema_describes_the_file(model: CompiledModel) -> None:
    document = msgspec.json.decode(emit(model)[f"{model.settings.name}.json"])
    schema = manifest_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    del document["pools"][0]["lower_bound"]
    with pytest.raises(jsonschema.ValidationError, match="'lower_bound' is a required property"):
        jsonschema.validate(document, schema)


def test_reading_back_gives_the_manifest() -> None:
    document = manifest(tiny())
    assert decode_manifest(encode_manifest(document)) == document


def test_another_schema_is_refused() -> None:
    other = msgspec.structs.replace(manifest(tiny()), schema=SCHEMA_VERSION + 1)
    with pytest.raises(msgspec.ValidationError, match=f"manifest schema {SCHEMA_VERSION + 1}"):
        decode_manifest(encode_manifest(other))


def test_what_it_says_of_memory() -> None:
    document = manifest(tiny())
    (pool,) = document.pools
    assert (pool.size, pool.lower_bound, pool.alignment) == (56, 52, 8)
    assert pool.ratio == pytest.approx(56 / 52)
    assert {tensor.c_name: tensor.offset for tensor in document.tensors}["tensor_2"] == 16
    assert document.macs == 16
    assert document.files == artifact_names("tiny")
    assert [kernel.calls for kernel in document.kernels] == [1, 1, 1, 1]


def test_a_model_without_activations_still_has_an_array() -> None:
    (pool,) = manifest(mirror()).pools
    assert (pool.size, pool.lower_bound, pool.ratio) == (1, 0, 1.0)


def test_offsets_are_those_of_the_compiler(tmp_path: Path) -> None:
    document = manifest(tiny())
    write_artifacts(emit(tiny()), tmp_path)
    prints = "".join(
        f'    printf("%d ", (int)offsetof(tiny_parameters, {parameter.name}));\n' for parameter in document.parameters
    )
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "tiny.h"\n'
        f'int main(void)\n{{\n{prints}    printf("%d", (int)sizeof(tiny_parameters));\n    return 0;\n}}\n'
    )
    HOST.compile(tmp_path, *C99, "main.c", "-o", "main")
    printed = subprocess.check_output([tmp_path / "main"], text=True, timeout=30)
    expected = [parameter.offset for parameter in document.parameters] + [document.parameters_size]
    assert [int(word) for word in printed.split()] == expected
    assert document.parameters_size == int(emit(tiny())["tiny.h"].split(b"TINY_PARAMETERS_SIZE ")[1].split()[0])
