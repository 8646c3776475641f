# SPDX-License-Identifier: Apache-2.0
"""Two models in pools take turns in one working memory: their scores on an emulated Cortex-M7, and where things lie."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from small_networks import small_tflite

from tests.firmware.build import build_firmware
from tests.firmware.test_pools import BOARD, INPUT, MACHINE, expected
from tests.tiny_models import tiny, total
from tvm_stm32.codegen.artifacts import group_names
from tvm_stm32.codegen.compile import compile_model
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.group import emit_group, share_pools
from tvm_stm32.codegen.manifest import manifest
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.pools import resolve
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import CapacityError, SettingsError
from tvm_stm32.memory.pool_file import PoolEntry

FAST, EXTERNAL = 0x60000000, 0x60800000


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[CompiledModel]:
    """The same network twice, once planned for time: other kernels, other needs."""
    entries = [
        PoolEntry(name="fast", address=FAST, size=4096, internal=True),
        PoolEntry(name="ram", memory="RAM"),
        PoolEntry(name="ext", kind="flash", address=EXTERNAL, size=500),
    ]
    path = tmp_path_factory.mktemp("group") / "net.tflite"
    path.write_bytes(small_tflite())
    pools = resolve(entries, BOARD, "")
    settings = Settings("net", "balanced", "cortex-m7", "", "any", "arena", "arena", pools=pools)
    kept = msgspec.structs.replace(settings, name="other", optimize="ram", keep_channels=True)
    return [compile_model(path, settings), compile_model(path, kept)]


def test_models_in_pools_take_turns(models: list[CompiledModel], tmp_path: Path) -> None:
    manifests = [manifest(model) for model in models]
    write_artifacts(emit_group("turns", manifests), tmp_path)
    (tmp_path / "net_input.h").write_text(
        f"static const int8_t net_input[] = {{{', '.join(map(str, INPUT.flatten()))}}};\n"
    )
    firmware = read_firmware(build_firmware("turns", models, BOARD, tmp_path, group="turns"))
    assert firmware.address("turns_activations_fast") == FAST
    assert BOARD.ram.holds(firmware.address("turns_activations_ram"))
    assert firmware.symbols["turns_activations_fast"].size == max(model.activations_size for model in models)
    assert firmware.address("net_weights_ext") == EXTERNAL
    assert EXTERNAL < firmware.address("other_weights_ext") < EXTERNAL + 500
    assert "net_activations" not in firmware.symbols
    run = run_elf(firmware.path, MACHINE)
    scores = expected()[0].partition(":")[2]
    assert run.output.splitlines() == [f"net:{scores}", f"other:{scores}", f"net:{scores}", "done"]


def test_models_without_pools_share_an_array() -> None:
    (pool,) = share_pools("turns", [manifest(tiny()), manifest(total())])
    assert (pool.symbol, pool.size, pool.alignment) == ("turns_activations", 56, 8)
    files = emit_group("turns", [manifest(tiny()), manifest(total())])
    assert list(files) == group_names("turns")
    assert b"#define TURNS_ACTIVATIONS_SIZE 56\n" in files["turns.h"]
    assert b"MEMORY" not in files["turns_pools.ld"]


def test_what_is_no_group_is_refused(models: list[CompiledModel]) -> None:
    net, other = (manifest(model) for model in models)
    with pytest.raises(SettingsError, match="name two models at least"):
        share_pools("turns", [net])
    with pytest.raises(SettingsError, match="net, net are no group"):
        share_pools("turns", [net, net])
    fast = msgspec.structs.replace(other.pools[0], copies=100)
    with pytest.raises(SettingsError, match="other keeps copies of weights, 100 bytes, in pool fast"):
        share_pools("turns", [net, msgspec.structs.replace(other, pools=[fast, *other.pools[1:]])])
    fast = msgspec.structs.replace(other.pools[0], capacity=2048)
    with pytest.raises(SettingsError, match="pool fast is 2,048 bytes at 0x60000000 for other and 4,096 at 0x60000000"):
        share_pools("turns", [net, msgspec.structs.replace(other, pools=[fast, *other.pools[1:]])])
    small = [
        msgspec.structs.replace(m, groups=[msgspec.structs.replace(m.groups[0], capacity=300)]) for m in (net, other)
    ]
    with pytest.raises(CapacityError, match=r"pool ext has 300 bytes, in it are to be \d{3}: net_weights_ext 168"):
        emit_group("turns", small)
