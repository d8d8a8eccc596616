"""Real containers on a host: containerd and runc of today, under the unit that their package brings."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tests.engines.bootstrap.site import SiteHost
from tests.engines.programs import built, installed

PROGRAMS = {"containerd-2-3": ("containerd", "containerd-shim-runc-v2", "crictl", "ctr"), "runc-1-5": ("runc",)}
# Takes in the compiled configuration.
MAIN = "/etc/containerd/test.toml"
# As containerd's release and Docker's package have it. Nothing about LimitNOFILE since 2.0.
UNIT = f"""\
[Unit]
Description=containerd container runtime
After=network.target dbus.service
[Service]
ExecStart=/usr/bin/containerd --config {MAIN}
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999
[Install]
WantedBy=multi-user.target
"""
# The compiled configuration and, because a container may have no right to lower the score, one line more.
CONFIG = """\
version = 3
imports = ["/etc/containerd/config.toml"]
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
"""
SOCKET = "unix:///run/containerd/containerd.sock"
BROKER = "registry.example/broker:1"
# The network of the host (2: no CNI plugin is asked), the container's own processes (1), as the kubelet asks for them.
SECURITY = {"security_context": {"namespace_options": {"network": 2, "pid": 1}}}
POD = {"metadata": {"name": "broker", "namespace": "test"}, "linux": {"cgroup_parent": "kubepods.slice", **SECURITY}}
# The Erlang VM by its name: what it does is of no matter here.
CONTAINER = {
    "metadata": {"name": "vernemq"},
    "image": {"image": BROKER},
    "command": ["/bin/beam.smp", "3600"],
    "linux": SECURITY,
}


class Containers:
    """Speaks to the containerd of a host as the kubelet does."""

    def __init__(self, host: SiteHost, sandbox_image: str) -> None:
        self._host, self._count = host, 0
        for build, programs in PROGRAMS.items():
            for program in programs:
                self._put(f"/usr/bin/{program}", built(program, build).read_bytes(), 0o755)
        self._put("/lib/systemd/system/containerd.service", UNIT.encode())
        self._put(MAIN, CONFIG.encode())
        self._put("/root/image.tar", _image(sandbox_image, BROKER))
        # Layers cannot lie on the host's own overlay.
        host.run("mount", "--mkdir", "-t", "tmpfs", "tmpfs", "/var/lib/containerd")

    def _put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        subprocess.run(
            self._host.command("sh", "-c", f"cat >{path}.new && chmod {mode:o} {path}.new && mv -f {path}.new {path}"),
            input=content,
            check=True,
            timeout=60,
        )

    def load(self) -> None:
        """The image, once containerd runs."""
        self._host.run("ctr", "--namespace=k8s.io", "images", "import", "/root/image.tar")

    def crictl(self, *words: str) -> str:
        return self._host.run(
            "crictl", f"--runtime-endpoint={SOCKET}", f"--image-endpoint={SOCKET}", "--timeout=30s", *words
        ).stdout

    def start(self) -> str:
        """A new pod with one container; its id."""
        self._count += 1
        pod = {**POD, "metadata": {**POD["metadata"], "uid": str(self._count), "attempt": self._count}}
        self._put("/root/pod.json", json.dumps(pod).encode())
        self._put("/root/container.json", json.dumps(CONTAINER).encode())
        sandbox = self.crictl("runp", "/root/pod.json").strip()
        container = self.crictl("create", "--no-pull", sandbox, "/root/container.json", "/root/pod.json").strip()
        self.crictl("start", container)
        return container

    def open_files(self, container: str) -> tuple[int, int]:
        """Soft and hard limit of the container's process."""
        limits = self.crictl("exec", container, "cat", "/proc/1/limits")
        soft, hard = re.search(r"^Max open files +(\d+) +(\d+)", limits, re.MULTILINE).groups()
        return int(soft), int(hard)


def layer() -> bytes:
    """A small system: BusyBox, and `sleep` under the name of the Erlang VM."""
    busybox, sleep = installed("busybox"), Path("/bin/sleep")
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        for path, source in {
            "bin/busybox": busybox,
            "bin/beam.smp": sleep,
            **{str(library).lstrip("/"): library for program in (busybox, sleep) for library in _libraries(program)},
        }.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = source.stat().st_size, 0o755
            tar.addfile(member, io.BytesIO(source.read_bytes()))
        for applet in ("sh", "cat", "sleep"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return found.getvalue()


def _image(*names: str) -> bytes:
    """That system under each of these names."""
    content = layer()
    digest = hashlib.sha256(content).hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/bin/sleep", "3600"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": list(names), "Layers": ["layer.tar"]}]).encode()
    image = io.BytesIO()
    with tarfile.open(fileobj=image, mode="w") as tar:
        for path, part in {"manifest.json": manifest, "config.json": config, "layer.tar": content}.items():
            member = tarfile.TarInfo(path)
            member.size = len(part)
            tar.addfile(member, io.BytesIO(part))
    return image.getvalue()


def _libraries(program: Path) -> Iterator[Path]:
    """Shared libraries and the loader, as ldd names them; none for a static program."""
    said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    for path in re.findall(r"(/\S+) \(0x", said):
        yield Path(path)
