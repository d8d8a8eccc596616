"""A compiled container at work: its command, environment, files, scratch space and rights.

It runs in a sandbox (bubblewrap) in place of an image: BusyBox is its userland, as in the
Alpine images of these containers, and beside it are the few programs that the image adds.
What else a script needs is not found. Names of services lead to loopback addresses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engines.programs import installed

Object = dict[str, Any]
# Secret -> key -> value.
Secrets = Mapping[str, Mapping[str, str]]

_PATH = "/usr/local/bin:/usr/bin:/bin"
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")


@dataclass
class Pod:
    """The first container of a compiled workload.

    `objects` are the compiled ones, among which its ConfigMaps are; `hosts` are names and the
    addresses they lead to, `claims` the folders of persistent volumes, `programs` and
    `folders` what the image holds besides BusyBox, `path` where it looks for programs first;
    `image` maps a place in the image to the file or folder there, `workdir` is where it starts.
    """

    workload: Object
    objects: Sequence[Object]
    folder: Path
    secrets: Secrets
    hosts: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Path] = field(default_factory=dict)
    programs: Sequence[Path] = ()
    folders: Sequence[Path] = ()
    path: str = ""
    image: Mapping[str, Path] = field(default_factory=dict)
    workdir: str = "/"

    def __post_init__(self) -> None:
        self._spec = self.workload["spec"]["template"]["spec"]
        self.container = self._spec["containers"][0]
        self._bwrap = installed("bwrap")
        self._etc = self.folder / "etc"
        self._bin = self.folder / "bin"
        self._etc.mkdir(parents=True)
        self._bin.mkdir()
        busybox = installed("busybox")
        shutil.copy(busybox, self._bin / "busybox")
        for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if name != "busybox":
                (self._bin / name).symlink_to("busybox")
        rights = self.container["securityContext"]
        user, group = rights["runAsUser"], rights["runAsGroup"]
        for name, text in {
            "passwd": f"root:x:0:0::/:/bin/sh\nimage:x:{user}:{group}::/:/bin/sh\n",
            "group": f"root:x:0:\nimage:x:{group}:\n",
            "hosts": "".join(
                f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **self.hosts}.items()
            ),
            "nsswitch.conf": "hosts: files\n",
        }.items():
            (self._etc / name).write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        """The container's variables; KeyError for a Secret or key that does not exist."""
        found = {"PATH": f"{self.path}:{_PATH}".lstrip(":")}
        for variable in self.container.get("env", ()):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
            else:
                reference = variable["valueFrom"]["secretKeyRef"]
                found[variable["name"]] = self.secrets[reference["name"]][reference["key"]]
        return found

    def command(self, *command: str) -> list[str]:
        """The command line of the sandbox; `command` in place of the container's own."""
        rights = self.container["securityContext"]
        options = [
            str(self._bwrap),
            "--unshare-user",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--uid",
            str(rights["runAsUser"]),
            "--gid",
            str(rights["runAsGroup"]),
            # No terminal to ask for a password, and nothing left over.
            "--new-session",
            "--die-with-parent",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--dir",
            "/var/run",
            "--dir",
            "/tmp",
            "--ro-bind",
            str(self._bin),
            "/bin",
            "--ro-bind",
            str(self._etc),
            "/etc",
            "--symlink",
            "/bin/env",
            "/usr/bin/env",
        ]
        for library in map(Path, _LIBRARIES):
            if library.is_symlink():
                options += ["--symlink", os.readlink(library), str(library)]
            elif library.exists():
                options += ["--ro-bind", str(library), str(library)]
        for folder in self.folders:
            options += ["--ro-bind", str(folder), str(folder)]
        for place, there in self.image.items():
            options += ["--ro-bind", str(there), place]
        for program in self.programs:
            options += ["--ro-bind", str(program.resolve()), f"/usr/local/bin/{program.name}"]
        for mount in self.container.get("volumeMounts", ()):
            options += self._mount(mount)
        if rights["readOnlyRootFilesystem"]:
            options += ["--remount-ro", "/"]
        return [*options, "--chdir", self.workdir, "--", *(command or self.container["command"])]

    def _mount(self, mount: Object) -> list[str]:
        place = mount["mountPath"]
        if mount["name"] in self.claims:
            return ["--bind", str(self.claims[mount["name"]]), place]
        volume = next(found for found in self._spec["volumes"] if found["name"] == mount["name"])
        if "emptyDir" in volume:
            return ["--tmpfs", place]
        return ["--ro-bind", str(self._files(volume["configMap"])), place]

    def _files(self, reference: Object) -> Path:
        """The folder with the files of a ConfigMap."""
        data = next(
            found["data"]
            for found in self.objects
            if found["kind"] == "ConfigMap" and found["metadata"]["name"] == reference["name"]
        )
        folder = self.folder / "files" / reference["name"]
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in data.items():
            path = folder / name
            path.unlink(missing_ok=True)
            path.write_text(text)
            path.chmod(reference["defaultMode"])
        return folder

    def run(
        self,
        *command: str,
        environment: Mapping[str, str | None] | None = None,
        input: str | None = None,
        seconds: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end. `environment` changes variables, and takes away those that are None."""
        # The values go through the environment, as in a pod: on a command line anyone could read them.
        variables = {**self.environment, **(environment or {})}
        return subprocess.run(
            self.command(*command),
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            env={name: value for name, value in variables.items() if value is not None},
        )
