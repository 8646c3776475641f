# SPDX-License-Identifier: Apache-2.0
"""Files of PyTorch that are refused, and what a .pt2 file can not do to who reads it."""

from __future__ import annotations

import io
import json
import pickle
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.torch_programs import pickled, save, torch
from tvm_stm32.errors import ModelError, ToolError
from tvm_stm32.model.load import load_model
from tvm_stm32.model.torch.program import load_program

nn = torch.nn
#: what the hint of files without a program shows
EXPORT = "torch.export.export(model.eval(), (example_input,))"
MODEL = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"

Change = Callable[[dict[str, Any]], None]


def refusal(path: Path) -> str:
    """The message for a file."""
    with pytest.raises(ModelError) as caught:
        load_model(path)
    text = str(caught.value)
    assert path.name in text
    assert "hint: " in text
    return text


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A valid file."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    path = save(module, tmp_path_factory.mktemp("good") / "good.pt2", torch.randn(1, 3, 8, 8))
    assert load_model(path).format == "PyTorch"
    return path.read_bytes()


def altered(content: bytes, changes: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """A .pt2 file with records changed, or added."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(written, "w") as target:
        root = source.namelist()[0].partition("/")[0]
        names = [name.partition("/")[2] for name in source.namelist()]
        for name in dict.fromkeys([*names, *changes]):
            record = source.read(f"{root}/{name}") if name in names else b""
            target.writestr(f"{root}/{name}", changes[name](record) if name in changes else record)
    return written.getvalue()


def edited(content: bytes, record: str, change: Change) -> bytes:
    """A .pt2 file with one of its JSON records changed."""

    def edit(text: bytes) -> bytes:
        document = json.loads(text)
        change(document)
        return json.dumps(document).encode()

    return altered(content, {record: edit})


# --- other files of PyTorch ------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of TorchScript
@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.bin"])
def test_files_without_a_program(tmp_path: Path, name: str) -> None:
    module = nn.Linear(3, 2)
    stream = io.BytesIO()
    torch.jit.save(torch.jit.trace(module, torch.zeros(1, 3)), stream)
    files = {
        "weights (a state dict), or a module": [
            pickled(module.state_dict()),
            pickled(module),
            pickled(module.state_dict(), _use_new_zipfile_serialization=False),
        ],
        "a TorchScript module": [stream.getvalue()],
    }
    for what, contents in files.items():
        for content in contents:
            (tmp_path / name).write_bytes(content)
            text = refusal(tmp_path / name)
            assert what in text
            assert EXPORT in text


def test_program_of_an_older_pytorch(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.pt2", "w") as archive:
        archive.writestr("version", "8.8")
        archive.writestr("serialized_exported_program.json", "{}")
    assert "in the form of PyTorch 2.7 and before" in refusal(tmp_path / "old.pt2")


def test_damaged_files(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "damaged.pt2"
    cuts = [good[: len(good) * share // 8] for share in range(8)]
    flipped = bytearray(good)
    flipped[good.index(b"graph_module")] ^= 0xFF
    misnamed = bytearray(good)
    misnamed[30] = 0xF8  # the first record's name, where it starts
    short = altered(good, {"data/weights/weight_0": lambda record: record[:-6]})
    for content in [
        *cuts[1:],
        bytes(flipped),
        bytes(misnamed),
        short,
        edited(good, MODEL, lambda program: program.clear()),
    ]:
        path.write_bytes(content)
        assert "Traceback" not in refusal(path)


# --- what is not supported -------------------------------------------------------------------------------------------


class Distances(nn.Module):  # type: ignore[misc,name-defined]
    """An operator that the exporter does not know."""

    def forward(self, x: Any) -> Any:
        return torch.cdist(x, x)


def test_unsupported_operators_are_named_with_their_layer(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU()).eval()
    text = refusal(save(module, tmp_path / "gelu.pt2", torch.randn(1, 3, 8, 8)))
    assert 'gelu.pt2, layer "1", Gelu (float32[1,4,6,6]) -> (float32[1,4,6,6]): the operator is not supported' in text
    module = nn.Sequential(nn.ReLU(), Distances()).eval()
    text = refusal(save(module, tmp_path / "cdist.pt2", torch.randn(1, 4, 8)))
    assert re.search(r'layer "1", aten\._cdist_forward\.default \(float32\[1,4,8\], float32\[1,4,8\]\): the oper', text)


def test_training_mode(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    text = refusal(save(module, tmp_path / "training.pt2", torch.randn(1, 3, 8, 8)))
    assert 'layer "1": the layer is in training mode' in text
    assert "call model.eval() before torch.export.export" in text


class Counter(nn.Module):  # type: ignore[misc,name-defined]
    """Its result depends on how often it ran."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("runs", torch.zeros(1))

    def forward(self, x: Any) -> Any:
        self.runs += 1.0
        return x + self.runs


def test_state(tmp_path: Path) -> None:
    text = refusal(save(Counter().eval(), tmp_path / "counter.pt2", torch.randn(1, 3)))
    assert "the program changes its buffer 'runs' in each run" in text


def test_extents_other_than_the_batch_are_closed(tmp_path: Path) -> None:
    wide = ({0: torch.export.Dim("batch"), 3: torch.export.Dim("width")},)
    text = refusal(save(nn.ReLU(), tmp_path / "open.pt2", torch.randn(2, 3, 8, 8), dynamic_shapes=wide))
    assert "dimension 3 is dynamic" in text
    text = refusal(save(nn.ReLU(), tmp_path / "four.pt2", torch.randn(4, 3, 8, 8)))
    assert "the batch is 4; 1 is supported" in text


def test_program_for_a_gpu(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "gpu.pt2"
    path.write_bytes(good.replace(b'"type": "cpu"', b'"type": "gpu"'))
    path.write_bytes(altered(good, {MODEL: lambda text: text.replace(b'"type": "cpu"', b'"type": "cuda"')}))
    text = refusal(path)
    assert "the program is for the device 'cuda'" in text
    assert "model.cpu()" in text


def test_without_pytorch(tmp_path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.pt2").write_bytes(good)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ToolError) as caught:
        load_model(tmp_path / "model.pt2")
    assert caught.value.hint == "pip install 'tvm-stm32[torch]'"


# --- files of somebody who means harm --------------------------------------------------------------------------------


class Harm:
    """When it is unpickled, there is a file where it says."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"open({str(self.trace)!r}, 'w')",)


def test_example_inputs_are_not_unpickled(tmp_path: Path, good: bytes) -> None:
    trace = tmp_path / "trace"
    harm = pickled(Harm(trace))
    harmful = altered(good, {"data/sample_inputs/model.pt": lambda _: harm, "extra/note": lambda _: b"harmless"})
    assert load_program(harmful, "harmful.pt2").example_inputs is None
    assert not trace.exists()
    # the record does what it should, where it is unpickled
    with zipfile.ZipFile(io.BytesIO(harm)) as archive:
        pickle.loads(archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl"))))
    assert trace.exists()


def names_first_input(program: dict[str, Any], name: str) -> None:
    text = json.dumps(program).replace('"input"', json.dumps(name))
    program.clear()
    program.update(json.loads(text))


def set_target(program: dict[str, Any], target: str) -> None:
    program["graph_module"]["graph"]["nodes"][0]["target"] = target


def set_structure(program: dict[str, Any], kind: str, context: Any = None) -> None:
    program["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = json.dumps(
        [1, {"type": kind, "context": json.dumps(context), "children_spec": []}]
    )


def add_argument(program: dict[str, Any], argument: dict[str, Any]) -> None:
    inputs = program["graph_module"]["graph"]["nodes"][0]["inputs"]
    inputs.append({"name": "more", "arg": argument, "kind": 1})


CHANGES: dict[str, tuple[str, Change, str]] = {
    "weight that is a pickle": (
        WEIGHTS,
        lambda config: next(iter(config["config"].values())).update(use_pickle=True),
        "is a pickled object, which is not read",
    ),
    "constant that is an object": (
        "data/constants/model_constants_config.json",
        lambda config: config["config"].update(x={"path_name": "opaque_obj_0", "use_pickle": False}),
        "is a pickled object, which is not read",
    ),
    "name that is code": (
        MODEL,
        lambda program: names_first_input(program, "x=exec('harm')"),
        "the program has a name that is none: \"x=exec('harm')\"",
    ),
    "weight whose name is code": (
        MODEL,
        lambda program: program["graph_module"]["signature"]["input_specs"][0]["parameter"].update(
            parameter_name='0").__class__("'
        ),
        "the program has a name that is none",
    ),
    "extent that is code": (
        MODEL,
        lambda program: program["graph_module"]["graph"]["sym_int_values"].update(
            s0={"as_expr": {"expr_str": "exec('harm')", "hint": None}}
        ),
        "the program has a name that is none: \"exec('harm')\"",
    ),
    "function that is none of an operator": (
        MODEL,
        lambda program: set_target(program, "torch.hub.load"),
        "the operator torch.hub.load is not supported",
    ),
    "operator that opens files": (
        MODEL,
        lambda program: set_target(program, "torch.ops.aten.from_file.default"),
        'layer "0": the operator aten.from_file.default is not supported',
    ),
    "structure whose key is of a class": (
        MODEL,
        lambda program: set_structure(program, "builtins.dict", [{"__enum__": True, "fqn": "antigravity:a"}]),
        "inputs or outputs in a structure of classes are not supported",
    ),
    "program within the program": (
        MODEL,
        lambda program: add_argument(program, {"as_graph": {"name": "g", "graph": {}}}),
        "the program holds another",
    ),
    "structure of a class": (
        MODEL,
        lambda program: set_structure(program, "collections.defaultdict"),
        "inputs or outputs of type collections.defaultdict are not supported",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_could_run_code_is_refused(tmp_path: Path, good: bytes, name: str) -> None:
    record, change, what = CHANGES[name]
    (tmp_path / "harmful.pt2").write_bytes(edited(good, record, change))
    assert what in refusal(tmp_path / "harmful.pt2")


def test_guards_are_not_run(tmp_path: Path, good: bytes) -> None:
    trace = tmp_path / "trace"
    guard = f"open({str(trace)!r}, 'w')"
    harmful = edited(good, MODEL, lambda program: program.update(guards_code=[guard]))
    load_program(harmful, "harmful.pt2").module()(torch.zeros(1, 3, 8, 8))
    assert not trace.exists()
