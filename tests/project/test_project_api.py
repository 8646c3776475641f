# SPDX-License-Identifier: Apache-2.0
"""A client of the Project API generates a project, builds it, and lets the emulated board compute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arm_firmware import link
from exactness.oracle import Oracle
from project_api_client import INVALID_PARAMS, SERVER, SERVER_ERROR, TEMPLATE, ProjectApiClient, Refused, generate
from scons_project import tiny_model

from tvm_stm32.device.part import find_part
from tvm_stm32.project.api import SIGNATURES
from tvm_stm32.project.api_errors import ServerError
from tvm_stm32.project.options import OPTIONS
from tvm_stm32.project.rpc import ErrorCode

PART = "STM32F405RGT6"


@pytest.fixture(scope="module")
def template() -> Iterator[ProjectApiClient]:
    """The server of the template."""
    with ProjectApiClient(TEMPLATE) as client:
        yield client


@pytest.fixture(scope="module")
def folder(template: ProjectApiClient, written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, generated of another one's archive and built by the protocol."""
    project = tmp_path_factory.mktemp("api") / "project"
    generate(template, written / "model.tar", project, options={"part": PART})
    assert (project / "model.tar").read_bytes() == (written / "model.tar").read_bytes()
    with ProjectApiClient(project) as client:
        assert client.call("build", options={"build_system": "scons"}) is None
        assert client.call("flash", options={}) is None
    return project


@pytest.fixture
def client(folder: Path) -> Iterator[ProjectApiClient]:
    """The server of the project, with its transport open."""
    with ProjectApiClient(folder) as client:
        timeouts = client.call("open_transport", options={"board": "emulated"})["timeouts"]
        names = ("session_start_retry_timeout_sec", "session_start_timeout_sec", "session_established_timeout_sec")
        assert set(timeouts) == set(names)
        assert all(seconds > 0 for seconds in timeouts.values())
        yield client


def expected(values: np.ndarray) -> bytes:
    """TFLM's output."""
    oracle = Oracle(tiny_model())
    oracle.run([values.reshape(1, 8)])
    return oracle.output(0).tobytes()


def refused(error: pytest.ExceptionInfo[Refused]) -> tuple[int, str]:
    assert error.value.detail
    return error.value.code, error.value.message


# --- what a server says of itself ------------------------------------------------------------------------------------


def test_server_of_the_template_and_of_a_project(template: ProjectApiClient, folder: Path) -> None:
    info = template.call("server_info_query", tvm_version="0.16.0")
    assert (info["platform_name"], info["protocol_version"]) == ("tvm_stm32", 1)
    assert (info["is_template"], info["model_library_format_path"]) == (True, None)
    methods = {"generate_project", "build", "flash", "open_transport"}
    for option in info["project_options"]:
        assert set(option) == {"name", "choices", "default", "type", "required", "optional", "help"}
        assert option["required"] or option["optional"]
        assert {*(option["required"] or ()), *(option["optional"] or ())} <= methods
        assert option["type"] in ("str", "bool") and option["help"]
        assert option["choices"] is None or option["default"] in (None, *option["choices"])
    assert [option["name"] for option in info["project_options"] if option["required"]] == ["part"]
    with ProjectApiClient(folder) as client:
        of_project = client.call("server_info_query", tvm_version="0.9.dev1+g1234")
        archive = str(folder / "model.tar")
        assert of_project == info | {"is_template": False, "model_library_format_path": archive}
    assert (folder / SERVER).read_bytes() == (TEMPLATE / SERVER).read_bytes()


@pytest.mark.parametrize("version", ["0.7.0", "0.1", "", "newest"])
def test_tvm_without_this_protocol(template: ProjectApiClient, version: str) -> None:
    with pytest.raises(Refused) as error:
        template.call("server_info_query", tvm_version=version)
    assert refused(error) == (SERVER_ERROR, "UnsupportedTVMVersionError")


# --- the transport ---------------------------------------------------------------------------------------------------


def test_the_firmware_computes_what_the_reference_does(client: ProjectApiClient) -> None:
    random = np.random.default_rng(3)
    for _ in range(3):
        values = random.integers(-128, 128, 8).astype(np.int8)
        client.write(values.tobytes(), 10)
        assert client.read(4, 10) == expected(values)


def test_without_qemu_unicorn_computes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    values = np.arange(-60, 60, 15).astype(np.int8)
    with ProjectApiClient(folder) as client:
        client.call("open_transport", options={})
        for _ in range(2):
            client.write(values.tobytes(), 10)
            assert client.read(4, 10) == expected(values)
        client.call("close_transport")


def test_bytes_come_as_they_are_asked_for(client: ProjectApiClient) -> None:
    """Writing and reading in pieces; None waits for all; what is not there is not waited for."""
    values = np.arange(-60, 60, 15).astype(np.int8)
    client.write(values[:3].tobytes(), None)
    client.write(values[3:].tobytes(), None)
    output = expected(values)
    assert client.read(1, None) == output[:1]
    assert client.read(100, 0) == output[1:]
    client.write(bytes(2 * values.tobytes()), 10)
    assert client.read(8, None) == 2 * output


def test_time_outs(client: ProjectApiClient) -> None:
    for timeout in (0, 0.05):
        with pytest.raises(Refused) as error:
            client.read(4, timeout)
        assert refused(error) == (SERVER_ERROR, "IoTimeoutError")
        assert error.value.detail == f"nothing came within {timeout} s"
    with pytest.raises(Refused) as error:  # nobody reads the outputs, so the firmware ceases to read inputs
        client.write(bytes(1 << 20), 0.5)
    assert refused(error) == (SERVER_ERROR, "IoTimeoutError")
    assert "of 1048576 bytes were taken" in error.value.detail
    assert client.read(4, 10) == expected(np.zeros(8, np.int8)), "what was taken counts"


def test_a_transport_that_is_closed(client: ProjectApiClient) -> None:
    assert client.call("close_transport") is None
    assert client.call("close_transport") is None, "a second close does nothing"
    for method, parameters in (("read_transport", {"n": 1}), ("write_transport", {"data": ""})):
        with pytest.raises(Refused) as error:
            client.call(method, **parameters, timeout_sec=1)
        assert refused(error) == (SERVER_ERROR, "TransportClosedError")
    client.call("open_transport", options={})
    client.call("open_transport", options={})  # in place of the one before
    client.write(bytes(8), 10)
    assert client.read(4, 10) == expected(np.zeros(8, np.int8))
    assert client.close() == 0, "with the transport open"


def test_firmware_that_ends(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "project.json").write_bytes((folder / "project.json").read_bytes())
    (tmp_path / SERVER).write_bytes((folder / SERVER).read_bytes())
    source = '#include "semihosting.h"\nint main(void) { semihosting_exit(7); return 0; }\n'
    link(find_part(PART), source, tmp_path).rename(tmp_path / "build/host_driven.elf")
    with ProjectApiClient(tmp_path) as client:
        client.call("open_transport", options={})
        for call in (lambda: client.read(1, None), lambda: client.write(bytes(1 << 20), None)):
            with pytest.raises(Refused) as error:
                call()
            assert refused(error) == (SERVER_ERROR, "TransportClosedError")
            assert error.value.detail.startswith("the firmware ended with exit status 7")


# --- requests that are wrong -----------------------------------------------------------------------------------------

VALID = {"jsonrpc": "2.0", "method": "close_transport", "params": {}, "id": 1}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", -32700),
        (b'{"jsonrpc": "2.0\xff"}', -32700),
        (b"", -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (json.dumps(VALID | {"jsonrpc": "1.0"}).encode(), -32600),
        (json.dumps(VALID | {"method": 3}).encode(), -32600),
        (json.dumps(VALID | {"params": []}).encode(), -32600),
        (json.dumps(VALID | {"id": [1]}).encode(), -32600),
        (json.dumps(VALID | {"id": True}).encode(), -32600),
    ],
)
def test_no_request(template: ProjectApiClient, line: bytes, code: int) -> None:
    """The id cannot be relied on, so it is null; the next request is answered all the same."""
    reply = template.raw(line)
    assert (reply["id"], reply["error"]["code"]) == (None, code)
    reply = template.raw(json.dumps(VALID | {"id": "text"}).encode())
    assert reply == {"jsonrpc": "2.0", "id": "text", "result": None}


@pytest.mark.parametrize(
    ("method", "parameters", "code", "detail"),
    [
        ("_open", {}, -32601, "there is no method '_open'"),
        ("flash_all", {}, -32601, "there is no method 'flash_all'"),
        ("server_info_query", {}, INVALID_PARAMS, "lacks tvm_version"),
        ("server_info_query", {"tvm_version": 1}, INVALID_PARAMS, "tvm_version must be a string, not 1"),
        ("close_transport", {"options": {}}, INVALID_PARAMS, "has no parameter options; it takes none"),
        ("build", {"options": "x"}, INVALID_PARAMS, "options must be an object"),
        ("build", {"options": {"fast": True}}, INVALID_PARAMS, "build has no option fast; there are part, "),
        ("build", {"options": {"verbose": "yes"}}, INVALID_PARAMS, "verbose is of type bool, not 'yes'"),
        ("build", {"options": {"build_system": "make"}}, INVALID_PARAMS, "is one of scons, cmake, not 'make'"),
        ("read_transport", {"n": 1}, INVALID_PARAMS, "lacks timeout_sec"),
        ("read_transport", {"n": True, "timeout_sec": 1}, INVALID_PARAMS, "n must be an integer, not True"),
        ("read_transport", {"n": 0, "timeout_sec": 1}, INVALID_PARAMS, "n must be at least 1, not 0"),
        ("write_transport", {"data": "\u00e9", "timeout_sec": 1}, INVALID_PARAMS, "data is not base 85"),
        ("flash", {"options": {}}, SERVER_ERROR, "this is no project"),
    ],
)
def test_requests_that_are_refused(
    template: ProjectApiClient, method: str, parameters: dict[str, Any], code: int, detail: str
) -> None:
    with pytest.raises(Refused, match=f"(?s).*{detail}") as error:
        template.call(method, **parameters)
    assert error.value.code == code


def test_time_out_that_is_none(client: ProjectApiClient) -> None:
    with pytest.raises(Refused) as error:
        client.read(1, -1)
    assert refused(error) == (INVALID_PARAMS, "InvalidParams")


def test_projects_that_cannot_be_made(template: ProjectApiClient, written: Path, folder: Path, tmp_path: Path) -> None:
    archive, new = written / "model.tar", tmp_path / "new"
    for options, detail in (({}, "needs the option part"), ({"part": 405}, "part is of type str, not 405")):
        with pytest.raises(Refused, match=detail) as error:
            generate(template, archive, new, options)
        assert refused(error) == (INVALID_PARAMS, "InvalidParams")
    for given, project, part, detail in (
        (archive, new, "STM32F999", "no STM32 part"),
        (archive, folder, PART, "folder is not empty"),
        (tmp_path / "missing.tar", new, PART, "cannot read the model file"),
    ):
        with pytest.raises(Refused, match=detail) as error:
            generate(template, given, project, {"part": part})
        assert refused(error) == (SERVER_ERROR, "ServerError")
    assert not new.exists()


def test_a_build_that_fails_tells_why(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "project.json").write_bytes((folder / "project.json").read_bytes())
    (tmp_path / SERVER).write_bytes((folder / SERVER).read_bytes())
    (tmp_path / "SConstruct").write_text("nonsense\n")
    with ProjectApiClient(tmp_path) as client:
        with pytest.raises(Refused, match=r"(?s)the build failed:.*nonsense") as error:
            client.call("build", options={})
        assert refused(error) == (SERVER_ERROR, "ServerError")
        with pytest.raises(Refused, match=r"host_driven\.elf is not there: call build first"):
            client.call("open_transport", options={})


def test_a_board_needs_a_probe(folder: Path) -> None:
    """pyocd says that there is none: when programming at once, and else by the end of the transport."""
    board = {"board": "attached", "probe": "none"}
    with ProjectApiClient(folder) as client:
        with pytest.raises(Refused, match=r"(?i)no .*debug probe") as error:
            client.call("flash", options=board)
        assert refused(error) == (SERVER_ERROR, "ServerError")
        client.call("open_transport", options=board)
        with pytest.raises(Refused, match=r"no debug probe is connected") as error:
            client.read(1, None)
        assert refused(error) == (SERVER_ERROR, "TransportClosedError")


def test_the_page_names_each_method_option_and_error() -> None:
    page = (Path(__file__).parents[2] / "docs/project-api.md").read_text(encoding="utf-8")
    for method, parameters in SIGNATURES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{method}` |"))
        assert [name for name in parameters if f"`{name}`" not in row.split("|")[2]] == []
    assert [option.name for option in OPTIONS if f"`{option.name}`" not in page] == []
    errors = (ServerError, *ServerError.__subclasses__())
    assert [error for error in errors if f"| -32000 | `{error.__name__}` |" not in page] == []
    assert [code for code in ErrorCode if f"| {int(code)} |" not in page] == []
