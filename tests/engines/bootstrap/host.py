"""Hosts that live as long as a test: a small Debian with systemd, in namespaces of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.engines.bootstrap.network import in_network
from tests.engines.processes import Process, until

ENTER = Path(__file__).with_name("enter.sh")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a running system, apt and kubectl write by themselves, whatever they are asked.
RESTLESS = (
    "etc/.pwd.lock/",
    "root/.kube/cache/",
    "root/.kube/http-cache/",
    "run/",
    "tmp/",
    "var/cache/apt/",
    "var/lib/apt/",
    "var/lib/systemd/",
    "var/log/",
    "var/tmp/",
)


@dataclass(frozen=True)
class Entry:
    """What tells whether somebody has touched a file: written anew, it has another inode or time."""

    mode: int
    owner: tuple[int, int]
    size: int
    changed: int
    inode: int


class Host:
    """One machine. Use it as a context manager: it boots, and at the end it is gone, whatever runs in it.

    `system` is the file system it starts from, read-only; `folder` takes what is written. `address` is its own,
    on its only interface; `elsewhere` are addresses of others that the test answers for (see network.py).
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        system: Sequence[Path],
        address: str | None = None,
        elsewhere: Sequence[str] = (),
    ) -> None:
        self.name, self.folder, self.system = name, folder, list(system)
        self.address, self.elsewhere = address, list(elsewhere)
        self.files = folder / "files"
        for path in (self.files, folder / "work", folder / "root"):
            path.mkdir(parents=True)
        # By it programs tell machines apart; the file system that all start from is one.
        self.write("etc/machine-id", f"{hashlib.sha256(name.encode()).hexdigest()[:32]}\n", 0o444)
        self._process: Process | None = None
        self._init = 0

    def __enter__(self) -> Host:
        try:
            self.boot()
        except BaseException:
            self.power_off()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()

    def boot(self) -> None:
        # The mark of a volatile overlay that was not taken down: nothing here has to outlive a power failure.
        shutil.rmtree(self.folder / "work" / "work" / "incompat", ignore_errors=True)
        self._process = Process(
            self.name,
            # pdeathsig: a test that is killed takes its hosts along.
            [
                *self._started_by(),
                "setpriv",
                "--pdeathsig=KILL",
                "unshare",
                "--mount",
                "--pid",
                "--net",
                "--uts",
                "--ipc",
                "--cgroup",
                "--fork",
                "--kill-child=KILL",
                "bash",
                ENTER,
                ":".join(map(str, self.system)),
                self.files,
                self.folder / "work",
                self.folder / "root",
                *(f"{source}:{target}" for target, source in self._binds().items()),
            ],
            self.folder,
        )
        self._process.wait_until(self._find_init, "in namespaces of its own", 20)
        # Before its services start: who listens on an address of its own would not find it.
        self._network("link", "set", "lo", "up")
        self._connect()
        for address in self.elsewhere:
            self._network("address", "add", f"{address}/32", "dev", "lo")
        self._process.wait_until(self._is_up, "up", 60)

    def _started_by(self) -> list[str]:
        """The beginning of the command that starts it."""
        return []

    def _binds(self) -> dict[str, Path]:
        """Path on the host -> the file or folder of this machine that is there, whatever the host is made of."""
        return {}

    def _connect(self) -> None:
        """Give it its interface."""
        if self.address:
            # A bridge without a port is an interface like any other, and needs no other end.
            self._network("link", "add", "eth0", "type", "bridge")
            self._network("address", "add", f"{self.address}/24", "dev", "eth0")
            self._network("link", "set", "eth0", "up")

    def _find_init(self) -> bool:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        with suppress(OSError, IndexError):
            self._init = int(children.read_text().split()[0])
            return os.readlink(f"/proc/{self._init}/exe").endswith("/systemd")
        return False

    def _is_up(self) -> bool:
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    @property
    def has_power(self) -> bool:
        return self._process is not None

    def power_off(self) -> None:
        """As if somebody pulled the plug."""
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.stop()
            # The last process of the namespaces takes the mounts along.
            until(lambda: not Path(f"/proc/{self._init}").exists(), 10)
            self._process = None

    def _network(self, *words: str) -> None:
        subprocess.run(["nsenter", "--target", str(self._init), "--net", "ip", *words], check=True)

    def cut(self, address: str) -> None:
        """From now on the network does not reach this address."""
        self._network("address", "del", f"{address}/32", "dev", "lo")

    def mend(self, address: str) -> None:
        self._network("address", "add", f"{address}/32", "dev", "lo")

    def in_network(self, make):
        """What `make` returns; the sockets that it opens are this host's."""
        return in_network(self._init, make)

    def command(self, *words: object) -> list[str]:
        return [
            "nsenter",
            "--target",
            str(self._init),
            "--all",
            "env",
            "--ignore-environment",
            f"PATH={PATH}",
            "HOME=/root",
            "LC_ALL=C.UTF-8",
            *map(str, words),
        ]

    def run(
        self, *words: object, check: bool = True, input: str | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command there as root. `check`: AssertionError with what it said on failure."""
        done = subprocess.run(
            self.command(*words),
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{self.name}: {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def write(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        """A file of this host, before it boots."""
        place = self.files / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        place.chmod(mode)

    def snapshot(self) -> dict[str, Entry]:
        """Everything that differs from what it started from, but for what a running system writes by itself."""
        found = {}
        for folder, folders, files in os.walk(self.files):
            for name in [*folders, *files]:
                path = Path(folder, name)
                key = path.relative_to(self.files).as_posix()
                if f"{key}/".startswith(RESTLESS) or any(other.startswith(f"{key}/") for other in RESTLESS):
                    continue
                status = path.lstat()
                # A folder's own time changes when a file beside its own is replaced and put back.
                changed = 0 if path.is_dir() and not path.is_symlink() else status.st_mtime_ns
                found[key] = Entry(
                    status.st_mode,
                    (status.st_uid, status.st_gid),
                    status.st_size if changed else 0,
                    changed,
                    status.st_ino,
                )
        return found


def differences(before: dict[str, Entry], after: dict[str, Entry]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
