"""Hosts of one cluster, each as its administrator gets it: the operating system, and the compiled folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from components.cluster.kernel import kernel_settings
from components.cluster.types import Cluster
from tests.engines.bootstrap.host import Host
from tests.engines.bootstrap.internet import ADDRESS, Internet, Place, certificates
from tests.engines.bootstrap.network import listener
from tests.engines.bootstrap.supplies import OS_ARCHIVE, STAND_INS, Packages, Supplies, supplies, system

COMPILED = "/opt/dojot"
SCRIPT = f"{COMPILED}/bootstrap/bootstrap.sh"
KERNEL = os.uname().release
SWAPS = "Filename\tType\tSize\tUsed\tPriority\n"
SWAPOFF = """#!/bin/sh
[ "$*" = --all ] && head -n 1 /usr/local/share/swaps >/run/swaps && cat /run/swaps >/usr/local/share/swaps
"""


class Site:
    """What all hosts of a cluster have in common. Every stand-in on a host is made in `_dress`."""

    def __init__(
        self,
        cluster: Cluster,
        compiled: Path,
        folder: Path,
        packages: Packages = STAND_INS,
        more: Mapping[str, Place] | None = None,
    ) -> None:
        """`more` are places of the Internet beside those that have the packages."""
        self.cluster, self.compiled, self.folder = cluster, compiled, folder
        self.supplies: Supplies = supplies(cluster, folder / "supplies", packages)
        self.supplies.sites.update(more or {})
        self._names = sorted({place.partition("/")[0] for place in self.supplies.sites})
        self._authority, self._context = certificates(folder / "internet", self._names)
        self._count = 0

    def close(self) -> None:
        for signer in self.supplies.signers:
            signer.close()

    @property
    def script(self) -> str:
        return self.supplies.script((self.compiled / "bootstrap" / "bootstrap.sh").read_text())

    def host(self, name: str, address: str, elsewhere: Sequence[str] = (), on: Host | None = None) -> SiteHost:
        """A new host; `on` gives it the files of a host that is switched off."""
        self._count += 1
        lower = [on.files, *on.system] if on else [system()[0]]
        host = SiteHost(name, self.folder / f"host-{self._count}", lower, address, [ADDRESS, *elsewhere])
        host.internet = Internet(self.supplies.sites, self._context)
        if not on:
            self._dress(host)
        return host

    def _dress(self, host: Host) -> None:
        wanted = self.cluster.platform.operating_system
        host.write("etc/os-release", f'ID={wanted.name}\nVERSION_ID="{wanted.version}"\n')
        host.write("etc/hostname", "fresh\n")
        host.write("etc/hosts", "127.0.0.1 localhost\n" + "".join(f"{ADDRESS} {name}\n" for name in self._names))
        host.write("etc/fstab", "/dev/sda1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n")
        host.write("usr/local/share/swaps", SWAPS + "/swapfile file 1048572 0 -2\n")
        host.write("usr/local/sbin/swapoff", SWAPOFF, 0o755)
        # Those of the network are this host's alone.
        for setting in kernel_settings(self.cluster.platform):
            path = setting.replace(".", "/")
            if not path.startswith("net/"):
                host.write(f"usr/local/share/sysctl/{path}", Path("/proc/sys", path).read_text())
        # A kernel that has the modules built in: here nobody can load one.
        host.write(f"usr/lib/modules/{KERNEL}/modules.order", "")
        host.write(
            f"usr/lib/modules/{KERNEL}/modules.builtin",
            "".join(f"kernel/test/{module}.ko\n" for module in wanted.kernel_modules),
        )
        host.write("etc/apt/system.asc", self.supplies.system_key)
        host.write("etc/apt/sources.list", f"deb [signed-by=/etc/apt/system.asc] http://{OS_ARCHIVE}/ /\n")
        # The CA of the test's web server; the package ca-certificates takes it in as it installs.
        host.write("usr/local/share/ca-certificates/test.crt", self._authority.read_bytes())
        for path, text in self.carried().items():
            host.write(f"{COMPILED}/{path}", text)

    def carried(self) -> dict[str, str]:
        """The compiled folder as a host has it: path -> text."""
        paths = [path for folder in ("argocd", "haproxy") for path in sorted((self.compiled / folder).iterdir())]
        paths += [
            self.compiled / "bootstrap" / name for name in ("audit-policy.yml", "kubeadm-init.yml", "kubeadm-join.yml")
        ]
        found = {str(path.relative_to(self.compiled)): path.read_text("utf-8") for path in paths}
        return {**found, SCRIPT.removeprefix(f"{COMPILED}/"): self.script}


class SiteHost(Host):
    """A host with the compiled folder and what it can download."""

    internet: Internet

    def boot(self) -> None:
        super().boot()
        self.run("depmod")
        self._find_internet()

    def _find_internet(self) -> None:
        self.internet.serve(lambda port: self.in_network(lambda: listener(ADDRESS, port)))

    def _lose_internet(self) -> None:
        self.internet.close()

    def power_off(self) -> None:
        self._lose_internet()
        super().power_off()

    def step(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """bootstrap.sh STEP..., as its administrator runs it."""
        return self.run("bash", SCRIPT, *arguments, check=False, timeout=timeout)

    def read(self, path: str) -> str:
        return self.run("cat", path).stdout

    def put(self, path: str, text: str) -> None:
        """A file of root alone, on the running host."""
        self.run("sh", "-c", f"umask 077 && mkdir -p {path.rpartition('/')[0]} && cat >{path}", input=text)

    def step_until(
        self, *arguments: str, says: str = "(?!)", when: Callable[[], object] = bool, timeout: float = 300
    ) -> Cut:
        """The step, killed (with all that it has started) as soon as it says something that fits, or `when` holds."""
        process = subprocess.Popen(
            self.command("bash", SCRIPT, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        killed, said = threading.Event(), []

        def kill() -> None:
            killed.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        def watch() -> None:
            end = time.monotonic() + timeout
            while process.poll() is None and not killed.is_set():
                if when() or time.monotonic() > end:
                    kill()
                time.sleep(0.05)

        watcher = threading.Thread(target=watch)
        watcher.start()
        with process.stdout:
            for line in process.stdout:
                said.append(line)
                if not killed.is_set() and re.search(says, line):
                    kill()
        returncode = process.wait()
        watcher.join()
        return Cut(returncode, "".join(said), killed.is_set())


@dataclass(frozen=True)
class Cut:
    """How a step ended that was to be killed; not `killed` if it never said what it was to be killed at."""

    returncode: int
    output: str
    killed: bool
