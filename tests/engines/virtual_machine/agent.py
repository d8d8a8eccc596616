"""Commands and files in a virtual machine, through qemu's guest agent."""

from __future__ import annotations

import base64
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Silent(Exception):
    """The machine does not answer; the text says since when and to what."""


@dataclass(frozen=True)
class Done:
    """How a command in the machine ended."""

    code: int
    out: str
    err: str


class Agent:
    """One machine's agent, at the socket that qemu listens on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._rest = b""

    def wait(self, seconds: float) -> None:
        """Until the machine has booted far enough to obey; Silent when it does not."""
        end = time.monotonic() + seconds
        while True:
            with suppress(OSError, Silent):
                # What an earlier, unanswered question left on the line carries another number.
                number = time.monotonic_ns() % 2**31
                if self._ask("guest-sync", {"id": number}, 2) == number:
                    return
            self.close()
            if time.monotonic() > end:
                raise Silent(f"the virtual machine's agent did not answer within {seconds:.0f} s after the start")
            time.sleep(0.5)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self._rest = None, b""

    def _ask(self, command: str, arguments: dict[str, Any], seconds: float = 60) -> Any:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(self._path))
        self._socket.settimeout(seconds)
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while b"\n" not in self._rest:
            try:
                got = self._socket.recv(1 << 20)
            except TimeoutError:
                raise Silent(f"no answer to {command} within {seconds:.0f} s") from None
            if not got:
                raise Silent(f"the virtual machine hung up on {command}")
            self._rest += got
        line, self._rest = self._rest.split(b"\n", 1)
        answer = json.loads(line.lstrip(b"\xff"))
        if "error" in answer:
            raise OSError(f"{command}: {answer['error'].get('desc')}")
        return answer["return"]

    def start(self, *command: str) -> int:
        """Start a command; returns its process id."""
        return self._ask("guest-exec", {"path": command[0], "arg": list(command[1:]), "capture-output": True})["pid"]

    def ended(self, pid: int) -> Done | None:
        """How the command ended; None while it runs. It can be asked once after the end."""
        state = self._ask("guest-exec-status", {"pid": pid})
        if not state["exited"]:
            return None
        out, err = (base64.b64decode(state.get(key, "")).decode(errors="replace") for key in ("out-data", "err-data"))
        return Done(state.get("exitcode", 128 + state.get("signal", 0)), out, err)

    def run(self, *command: str, seconds: float = 120) -> Done:
        """Run a command to its end."""
        pid, began = self.start(*command), time.monotonic()
        while (done := self.ended(pid)) is None:
            passed = time.monotonic() - began
            if passed > seconds:
                raise Silent(f"{' '.join(command)[:200]} did not end within {seconds:.0f} s")
            # Each question costs the machine a moment, so the fewer the longer it takes.
            time.sleep(min(1.0, 0.1 + passed / 10))
        return done

    def write(self, path: str, content: bytes) -> None:
        """A file in the machine; its folder has to be there."""
        handle = self._ask("guest-file-open", {"path": path, "mode": "w"})
        try:
            # qemu bounds one message of the agent.
            for start in range(0, len(content), 1 << 20):
                piece = content[start : start + (1 << 20)]
                self._ask("guest-file-write", {"handle": handle, "buf-b64": base64.b64encode(piece).decode()})
        finally:
            self._ask("guest-file-close", {"handle": handle})
