"""HAProxy on its host, as its unit starts it: master and worker, account, chroot, log socket."""

from __future__ import annotations

import csv
import os
import re
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

from components.cluster.input.platform import HAProxy
from tests.engines.haproxy.network import Host
from tests.engines.processes import Process, until
from tests.engines.programs import installed

PATIENCE = 15  # seconds until an expected change must have come

# The host's folders, for this process alone: $1 is its /run, $2 the content of its chroot $3.
# The unit does the same with its private /dev/log (BindReadOnlyPaths).
_HOST = 'mount --bind "$1" /run; mount --bind "$2" "$3"; shift 3; exec "$@"'


class Balancer:
    """Runs the configuration in `folder`/haproxy.cfg; `settings` is the platform's haproxy."""

    def __init__(self, host: Host, config: str, stats_port: int, settings: HAProxy, folder: Path) -> None:
        self.host, self.stats_port = host, stats_port
        self.config = folder / "haproxy.cfg"
        self.config.write_text(config, encoding="utf-8")
        self.admin_socket = folder / "run" / Path(settings.paths.admin_socket).relative_to("/run")
        self.admin_socket.parent.mkdir(parents=True)
        jail, log = folder / "chroot", Path(settings.log.target)
        self.log_path = jail / log.relative_to("/")
        self.log_path.parent.mkdir(parents=True)
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log.bind(str(self.log_path))
        self.log_path.chmod(0o666)
        self._log.settimeout(PATIENCE)
        self._command = host.command(
            "sh",
            "-eu",
            "-c",
            _HOST,
            "sh",
            folder / "run",
            jail,
            settings.paths.chroot,
            installed("haproxy"),
            "-W",
            "-f",
            self.config,
        )
        self._folder, self._process = folder, None

    def start(self) -> None:
        self._process = Process("haproxy", self._command, self._folder)
        self._process.wait_until(lambda: self._says("Pid"), "answering on its admin socket", PATIENCE)

    def _says(self, key: str) -> str | None:
        """A value of `show info` of the process that has the listeners."""
        with suppress(OSError):
            found = re.search(rf"^{key}: (.*)$", self.tell("show info"), re.MULTILINE)
            return found[1] if found else None
        return None

    def tell(self, command: str) -> str:
        """What the process that has the listeners answers at its admin socket."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(PATIENCE)
            admin.connect(str(self.admin_socket))
            admin.sendall(f"{command}\n".encode())
            answer = b""
            while data := admin.recv(65536):
                answer += data
        return answer.decode()

    @property
    def worker(self) -> int:
        """Process id of the worker that has the listeners."""
        self._process.wait_until(lambda: self._says("Pid"), "answering on its admin socket", PATIENCE)
        return int(self._says("Pid"))

    def workers(self) -> list[int]:
        """Of all workers: those that a reload has replaced end with their last session."""
        return [int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()]

    @property
    def master(self) -> int:
        """Process id of the parent of all workers."""
        return self._process.pid

    def reload(self) -> None:
        """As `systemctl reload`: a new worker takes over, the old one keeps its sessions."""
        before = self.worker
        os.kill(self.master, signal.SIGUSR2)
        self.reloaded(before)

    def reloaded(self, before: int) -> None:
        """Wait until another worker than this one has the listeners."""
        self._process.wait_until(lambda: self._says("Pid") not in (None, str(before)), "reloaded", PATIENCE)

    def get(self, path: str) -> str:
        """A page of the statistics listener, asked on the host itself."""
        with self.host.inside(), urlopen(f"http://127.0.0.1:{self.stats_port}{path}", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def states(self, section: str) -> dict[str, str]:
        """Server of a listener -> its state, as HAProxy's own table says."""
        return {server: row["status"] for server, row in self._servers(section).items()}

    def drained(self, section: str) -> set[str]:
        """The servers of a listener that have no weight."""
        return {server for server, row in self._servers(section).items() if row["weight"] == "0"}

    def seconds_in_this_state(self, section: str, server: str) -> int:
        return int(self._servers(section)[server]["lastchg"])

    def limits(self) -> dict[str, int]:
        """Listener -> how many sessions it takes."""
        return {row["pxname"]: int(row["slim"]) for row in self._table() if row["svname"] == "FRONTEND"}

    def _servers(self, section: str) -> dict[str, dict[str, str]]:
        return {
            row["svname"]: row
            for row in self._table()
            if row["pxname"] == section and row["svname"] not in ("FRONTEND", "BACKEND")
        }

    def _table(self) -> Iterator[dict[str, str]]:
        yield from csv.DictReader(self.get("/;csv").lstrip("# ").splitlines())

    def becomes(self, section: str, wanted: Mapping[str, str], seconds: float = PATIENCE) -> bool:
        """Have these servers the wanted states in time? ("UP" or "DOWN", as the words begin)"""

        def there() -> bool:
            states = self.states(section)
            return all(states[server].startswith(state) for server, state in wanted.items())

        return until(there, seconds)

    def logged(self, pattern: str) -> str | None:
        """The first line to come that fits, None where none does in time."""
        with suppress(TimeoutError):
            while True:
                line = self._log.recv(65536).decode(errors="replace")
                if re.search(pattern, line):
                    return line
        return None

    def forget_log(self) -> None:
        """Throw away what was logged so far."""
        self._log.setblocking(False)
        with suppress(BlockingIOError):
            while self._log.recv(65536):
                pass
        self._log.settimeout(PATIENCE)

    def stop(self) -> None:
        if self._process:
            self._process.stop()
        self._log.close()


def resident_memory(pid: int) -> int:
    """Resident memory of a process, in bytes."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024
