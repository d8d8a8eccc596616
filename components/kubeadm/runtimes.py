"""Container runtimes: the configuration file of each, and who bounds the containers' logs.

`platform.runtime.name` chooses; the part of the script with the same name installs it.
Facts: Docker's daemon.json; containerd's configuration format 3, which every release 2.x
reads (2.3 converts it to 4 as it starts).
"""

from __future__ import annotations

import json
from typing import Any

from components.cluster.types import Cluster

# A folder for each registry with its hosts.toml; the bootstrap writes that of all others.
_REGISTRIES = "/etc/containerd/certs.d"


def config(cluster: Cluster) -> str:
    """The text of the runtime's configuration file."""
    return _CONFIGS[cluster.platform.runtime.name](cluster)


def kubelet_settings(cluster: Cluster) -> dict[str, Any]:
    """What the kubelet does for a runtime that leaves it to the kubelet: it bounds the logs.

    Docker rotates by itself, every other runtime relies on the kubelet.
    """
    runtime = cluster.platform.runtime
    if runtime.name == "docker":
        return {}
    return {"containerLogMaxFiles": runtime.log.max_files, "containerLogMaxSize": runtime.log.max_size}


def _docker(cluster: Cluster) -> str:
    """The kubelet's cgroup driver, bounded logs, containers outlive a restart of the daemon."""
    log = cluster.platform.runtime.log
    settings = {
        "exec-opts": [f"native.cgroupdriver={cluster.platform.kubernetes.cgroup_driver}"],
        "live-restore": True,
        "log-driver": "json-file",
        # Docker's m is Kubernetes' Mi.
        "log-opts": {"max-file": str(log.max_files), "max-size": log.max_size.removesuffix("i").lower()},
        "storage-driver": "overlay2",
    }
    if cluster.platform.runtime.mirror:
        # Docker asks it for images of Docker Hub alone.
        settings["registry-mirrors"] = [cluster.platform.runtime.mirror]
    return json.dumps(settings, indent=2) + "\n"


def _containerd(cluster: Cluster) -> str:
    """The kubelet's cgroup driver and kubeadm's pause image; the rest is containerd's default."""
    runtime = cluster.platform.runtime
    registry = f"""
[plugins."io.containerd.cri.v1.images".registry]
config_path = "{_REGISTRIES}"
"""
    systemd = "true" if cluster.platform.kubernetes.cgroup_driver == "systemd" else "false"
    return f"""\
version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{runtime.sandbox_image}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = {systemd}
{registry if runtime.mirror else ""}"""


_CONFIGS = {"containerd": _containerd, "docker": _docker}
