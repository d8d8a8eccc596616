"""Programs that run in the background of a test: their logs, their end, and waiting for them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Ended(Exception):
    """A program that should be running is not; the text has the last lines of its log."""


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def until(wanted: Callable[[], object], seconds: float, pause: float = 0.1) -> bool:
    """Does `wanted` come true in time?"""
    end = time.monotonic() + seconds
    while not wanted():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


class Process:
    """One program in the background, in a session of its own; its output goes to `<folder>/<name>.log`."""

    def __init__(
        self,
        name: str,
        command: Sequence[object],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        with open(self.log, "ab") as output:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The code that it ended with; None while it runs."""
        return self._process.poll()

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def running(self) -> bool:
        return self._process.poll() is None

    def check(self) -> None:
        """Raises Ended where it does not run any more."""
        if not self.running():
            raise Ended(f"{self.name} ended with code {self._process.returncode}; its last words:\n{self.tail()}")

    def wait_until(self, wanted: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Until `wanted` holds; Ended with the log's last lines where it ends or takes too long."""

        def holds() -> object:
            self.check()
            return wanted()

        if not until(holds, seconds):
            raise Ended(f"{self.name}: not {what} after {seconds:.0f} s; its last words:\n{self.tail()}")

    def stop(self, patience: float = 5) -> None:
        """Ask it to end, then make it."""
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
