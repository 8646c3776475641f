# SPDX-License-Identifier: Apache-2.0
"""A core of QEMU, halted and read through its GDB stub, with the methods that pyocd's semihosting asks of a core."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from pyocd.coresight.cortex_m import CortexM

from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.machine import Machine
from tvm_stm32.emulator.qemu import QEMU

_REGISTERS = {"r0": 0, "r1": 1, "pc": 15}


class EmulatedCore:
    """Runs `elf` on `machine`, which halts at each semihosting call, and at the function `stop`."""

    def __init__(self, elf: Path, machine: Machine, folder: Path, stop: str = "") -> None:
        path = folder / "gdb"
        command = [QEMU, "-machine", machine.name, "-kernel", elf, "-display", "none", "-serial", "none"]
        command += ["-monitor", "none", "-S", "-gdb", f"unix:{path},server=on,wait=off"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._socket = socket.socket(socket.AF_UNIX)
        while self._socket.connect_ex(str(path)):
            assert self.process.poll() is None
            time.sleep(0.01)
        self._stream = self._socket.makefile("rwb", buffering=0)
        self._halted = True
        self._ask("qSupported:xmlRegisters=arm")
        self._ask("qXfer:features:read:target.xml:0,ffb")  # QEMU then knows single registers
        for address in _calls(elf) + ([read_firmware(elf).address(stop)] if stop else []):
            assert self._ask(f"Z0,{address:x},2") == "OK"

    def close(self) -> None:
        """End QEMU."""
        self.process.kill()
        self.process.wait()
        self._stream.close()
        self._socket.close()

    @property
    def core(self) -> EmulatedCore:
        """A debugger's context of a core names it."""
        return self

    def is_halted(self) -> bool:
        """Waits for it."""
        if not self._halted:
            self._reply()
            self._halted = True
        return True

    def resume(self) -> None:
        self._send("c")
        self._halted = False

    def find_breakpoint(self, _: int) -> None:
        """None is set by a user."""

    def read_core_register(self, name: str) -> int:
        return int.from_bytes(bytes.fromhex(self._ask(f"p{_REGISTERS[name]:x}")), "little")

    def write_core_register(self, name: str, value: int) -> None:
        content = (value & 0xFFFFFFFF).to_bytes(4, "little").hex()
        assert self._ask(f"P{_REGISTERS[name]:x}={content}") == "OK"

    def read_memory_block8(self, address: int, count: int) -> list[int]:
        return list(bytes.fromhex(self._ask(f"m{address:x},{count:x}")))

    def write_memory_block8(self, address: int, data: list[int]) -> None:
        assert self._ask(f"M{address:x},{len(data):x}:{bytes(data).hex()}") == "OK"

    def read_memory_block32(self, address: int, count: int) -> list[int]:
        data = bytes(self.read_memory_block8(address, 4 * count))
        return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]

    def read32(self, address: int) -> int:
        """The register that says why the core halted is the debug hardware's, which QEMU does not have."""
        return int(CortexM.DFSR_BKPT) if address == CortexM.DFSR else self.read_memory_block32(address, 1)[0]

    def read16(self, address: int) -> int:
        return int.from_bytes(bytes(self.read_memory_block8(address, 2)), "little")

    def _ask(self, packet: str) -> str:
        self._send(packet)
        return self._reply()

    def _send(self, packet: str) -> None:
        data = packet.encode()
        self._stream.write(b"$%s#%02x" % (data, sum(data) & 255))

    def _reply(self) -> str:
        while self._stream.read(1) != b"$":
            pass
        data = b""
        while (byte := self._stream.read(1)) != b"#":
            assert byte, "QEMU has ended"
            data += byte
        self._stream.read(2)
        self._stream.write(b"+")
        return data.decode()


def _calls(elf: Path) -> list[int]:
    """The addresses of the semihosting breakpoints in a program."""
    listing = subprocess.run(["arm-none-eabi-objdump", "-d", elf], capture_output=True, text=True, check=True).stdout
    return [int(line.partition(":")[0], 16) for line in listing.splitlines() if line.endswith("bkpt\t0x00ab")]
