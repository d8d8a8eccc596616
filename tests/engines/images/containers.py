"""A container of an image, by runc: the image's files, and what a compiled pod says of user, variables and mounts.

Root alone can make one. Of what a kubelet adds there is: /etc/hosts, HOSTNAME, and the group of the pod's volumes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engines.haproxy.network import Host
from tests.engines.processes import Process, until
from tests.engines.programs import built

Object = dict[str, Any]
# What every runtime gives and a compiled pod may take away.
_DEFAULT = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
]


@dataclass(frozen=True)
class Mount:
    source: Path
    place: str
    read_only: bool = False


@dataclass
class Container:
    """`layout` is the image, `said` the container of the compiled pod with all its variables as values."""

    name: str
    layout: Path
    said: Object
    host: Host
    folder: Path
    mounts: Sequence[Mount] = ()
    groups: Sequence[int] = ()
    files: tuple[int, int] = (16_384, 16_384)
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = self.folder / "root"
        self._state = self.folder / "state"
        self._runc = built("runc", "runc-1-5")
        index = json.loads((self.layout / "index.json").read_text())
        manifest = self._blob(index["manifests"][0]["digest"])
        self._image = self._blob(manifest["config"]["digest"])["config"]
        self._layers = [layer["digest"].partition(":")[2] for layer in manifest["layers"]]

    def _blob(self, digest: str) -> Any:
        return json.loads((self.layout / "blobs" / "sha256" / digest.partition(":")[2]).read_text())

    def start(self) -> Container:
        """Start it; what it says goes to `<folder>/<name>.log`."""
        # It begins with what the image has, whatever an earlier start has written.
        self._unpack()
        (self.folder / "config.json").write_text(json.dumps(self._config()))
        self.process = Process(
            self.name,
            [self._runc, "--root", self._state, "run", "--bundle", self.folder, self.name],
            self.folder,
            {"PATH": os.environ["PATH"]},
        )
        return self

    def ended(self, seconds: float = 60) -> int:
        """The code that it ends with by itself."""
        assert until(lambda: not self.process.running(), seconds), f"{self.name} still runs:\n{self.log}"
        return self.process.code

    @property
    def log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text("utf-8", "replace")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in the running container, as a probe runs one."""
        return subprocess.run(
            [self._runc, "--root", self._state, "exec", self.name, *command],
            capture_output=True,
            text=True,
            timeout=60,
        )

    def stop(self) -> None:
        if self.process.running():
            subprocess.run([self._runc, "--root", self._state, "kill", self.name, "KILL"], capture_output=True)
            self.process.stop()
        subprocess.run([self._runc, "--root", self._state, "delete", "--force", self.name], capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def _unpack(self) -> None:
        """The layers, one over the other: files of a higher one take the place of a lower one's."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        for layer in self._layers:
            with tarfile.open(self.layout / "blobs" / "sha256" / layer) as archive:
                archive.extractall(self.root, filter="fully_trusted")
        for mount in self.mounts:
            place = self.root / mount.place.lstrip("/")
            if mount.source.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.touch()

    def _config(self) -> Object:
        rights = self.said.get("securityContext", {})
        user, group = self._user(rights)
        variables = dict(entry.partition("=")[::2] for entry in self._image["Env"])
        variables |= {"HOSTNAME": self.said.get("hostname", self.name)}
        variables |= {entry["name"]: entry["value"] for entry in self.said.get("env", ())}
        command = self.said.get("command") or self._image.get("Entrypoint", [])
        arguments = self.said.get("args", [] if self.said.get("command") else self._image.get("Cmd", []))
        capabilities = [f"CAP_{name}" for name in _capabilities(rights.get("capabilities", {}))]
        soft, hard = self.files
        return {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": user, "gid": group, "additionalGids": list(self.groups)},
                "args": [_expanded(word, variables) for word in (*command, *arguments)],
                "env": [f"{name}={_expanded(value, variables)}" for name, value in variables.items()],
                "cwd": self.said.get("workingDir") or self._image.get("WorkingDir", "/"),
                "noNewPrivileges": not rights.get("allowPrivilegeEscalation", True),
                # Whoever is not root has none in force, as with any runtime.
                "capabilities": {
                    kind: capabilities if kind == "bounding" or user == 0 else []
                    for kind in ("bounding", "effective", "permitted")
                },
                "rlimits": [{"type": "RLIMIT_NOFILE", "soft": soft, "hard": hard}],
            },
            "root": {"path": "root", "readonly": rights.get("readOnlyRootFilesystem", False)},
            "hostname": self.said.get("hostname", self.name),
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {
                    "destination": "/dev",
                    "type": "tmpfs",
                    "source": "tmpfs",
                    "options": ["nosuid", "strictatime", "mode=755"],
                },
                {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["mode=1777", "size=64m"]},
                *(
                    {
                        "destination": mount.place,
                        "type": "bind",
                        "source": str(mount.source),
                        "options": ["rbind", "ro" if mount.read_only else "rw"],
                    }
                    for mount in self.mounts
                ),
            ],
            "linux": {
                # Without a path of its own, two of one name on this machine would share a group.
                "cgroupsPath": f"/{self.host.namespace}-{self.name}",
                "namespaces": [
                    *({"type": kind} for kind in ("pid", "ipc", "uts", "mount")),
                    {"type": "network", "path": f"/run/netns/{self.host.namespace}"},
                ],
            },
        }

    def _user(self, rights: Mapping[str, Any]) -> tuple[int, int]:
        user, _, group = self._image.get("User", "0:0").partition(":")
        accounts = [line.split(":") for line in (self.root / "etc" / "passwd").read_text().splitlines()]
        known = {account[0]: (int(account[2]), int(account[3])) for account in accounts}
        own, own_group = known.get(user, (0, 0)) if not user.isdigit() else (int(user), int(group or 0))
        return rights.get("runAsUser", own), rights.get("runAsGroup", own_group)


def _capabilities(said: Mapping[str, Sequence[str]]) -> list[str]:
    kept = [] if "ALL" in said.get("drop", ()) else [name for name in _DEFAULT if name not in said.get("drop", ())]
    return [*kept, *said.get("add", ())]


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """Kubernetes' own $(NAME)."""
    for name, value in variables.items():
        text = text.replace(f"$({name})", value)
    return text
