"""Pod templates: containers, their rights, and the volumes they see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from components.cluster.frozen import Frozen
from components.cluster.input.service import HostPathEntry
from components.cluster.quantity import binary
from components.cluster.types import Cluster, Container, EnvVar, File, Volume

# Scripts in a ConfigMap: readable and executable, writable by nobody.
_SCRIPT_MODE = 0o555
# Keys and certificates: for the pod's group, and for root, who owns them.
_SECRET_MODE = 0o440
# Room of a scratch directory: ample for sockets and logs, too little to fill a node's disk.
_SCRATCH_LIMIT = binary(256 * 2**20)


def container_spec(
    cluster: Cluster,
    container: Container,
    volumes: Sequence[Volume] = (),
    files: Sequence[File] = (),
    owner: str = "",
    host_paths: Mapping[str, HostPathEntry] = Frozen(),
) -> dict[str, Any]:
    """A container of a pod template. `owner` names the ConfigMap of its files."""
    spec: dict[str, Any] = {"name": container.name, "image": container.image, "imagePullPolicy": "IfNotPresent"}
    if container.command:
        spec["command"] = list(container.command)
    if container.args:
        spec["args"] = list(container.args)
    if container.env:
        spec["env"] = environment(container.env)
    if container.ports:
        spec["ports"] = [
            {"name": name, "containerPort": number, "protocol": port.protocol}
            for port in container.ports
            for name, number in ((port.name, port.number), (f"proxied-{port.proxied}", port.proxied))
            if number
        ]
    spec.update(_probes(cluster, container))
    spec["resources"] = resources(container)
    spec["securityContext"] = _rights(container)
    mounts: list[dict[str, Any]] = [{"name": volume.name, "mountPath": volume.mount} for volume in volumes]
    mounts += [
        # What the node mounts later is seen, too.
        {"name": name, "mountPath": directory.mount, "readOnly": True, "mountPropagation": "HostToContainer"}
        for name, directory in sorted(host_paths.items())
    ]
    mounts += [{"name": _scratch_name(container, path), "mountPath": path} for path in container.security.writable]
    mounts += [{"name": mount.secret, "mountPath": mount.mount, "readOnly": True} for mount in container.secret_files]
    mounts += [
        {"name": name, "mountPath": directory, "readOnly": True}
        for name, directory, _ in _file_directories(owner, files)
    ]
    if mounts:
        spec["volumeMounts"] = mounts
    return spec


def _probes(cluster: Cluster, container: Container) -> dict[str, Any]:
    """Where a startup probe says that it has started, the others begin at once after it."""
    readiness, liveness = container.readiness or {}, container.liveness or {}
    startup = (container.startup or {}) if cluster.platform.kubernetes.startup_probes else {}
    if startup:
        readiness, liveness = (
            {key: value for key, value in probe.items() if key != "initialDelaySeconds"}
            for probe in (readiness, liveness)
        )
    probes = {"readinessProbe": readiness, "startupProbe": startup, "livenessProbe": liveness}
    return {name: dict(probe) for name, probe in probes.items() if probe}


def environment(env: Sequence[EnvVar]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for variable in env:
        if variable.secret:
            source = {"secretKeyRef": {"name": variable.secret, "key": variable.key}}
        elif variable.field:
            source = {"fieldRef": {"apiVersion": "v1", "fieldPath": variable.field}}
        else:
            entries.append({"name": variable.name, "value": variable.value})
            continue
        entries.append({"name": variable.name, "valueFrom": source})
    return entries


def resources(container: Container) -> dict[str, Any]:
    return container.resources.written()


def _rights(container: Container) -> dict[str, Any]:
    security = container.security
    capabilities: dict[str, Any] = {"drop": ["ALL"]}
    if security.capabilities:
        capabilities["add"] = list(security.capabilities)
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": capabilities,
        "readOnlyRootFilesystem": security.read_only_root,
        "runAsGroup": security.group,
        "runAsNonRoot": security.user != 0,
        "runAsUser": security.user,
    }


def scratch_volumes(containers: Sequence[Container]) -> list[dict[str, Any]]:
    return [
        {"name": _scratch_name(container, path), "emptyDir": {"sizeLimit": _SCRATCH_LIMIT}}
        for container in containers
        for path in container.security.writable
    ]


def _scratch_name(container: Container, path: str) -> str:
    return f"scratch-{container.name}{path.replace('/', '-').replace('_', '-').rstrip('-')}"


def secret_volumes(containers: Sequence[Container]) -> list[dict[str, Any]]:
    """One for each Secret; a pod waits until it has every key."""
    mounts = {mount.secret: mount for container in containers for mount in container.secret_files}
    return [
        {
            "name": name,
            "secret": {
                "secretName": name,
                "defaultMode": _SECRET_MODE,
                "items": [{"key": key, "path": key} for key in mount.keys],
            },
        }
        for name, mount in sorted(mounts.items())
    ]


def files_volumes(owner: str, files: Sequence[File]) -> list[dict[str, Any]]:
    """One volume for each directory that files are mounted in, all of one ConfigMap."""
    volumes = []
    directories = _file_directories(owner, files)
    for name, _, names in directories:
        source: dict[str, Any] = {"name": files_name(owner), "defaultMode": _SCRIPT_MODE}
        if len(directories) > 1:
            source["items"] = [{"key": file, "path": file} for file in names]
        volumes.append({"name": name, "configMap": source})
    return volumes


def _file_directories(owner: str, files: Sequence[File]) -> list[tuple[str, str, list[str]]]:
    """Name of the volume, directory, and the files that are in it."""
    directories: dict[str, list[str]] = {}
    for file in files:
        directories.setdefault(file.mount, []).append(file.name)
    return [
        (files_name(owner) if len(directories) == 1 else f"{files_name(owner)}-{number}", mount, sorted(names))
        for number, (mount, names) in enumerate(sorted(directories.items()), start=1)
    ]


def files_name(owner: str) -> str:
    """Name of the ConfigMap that holds the files of a service or job."""
    return f"{owner}-files"


def pod_annotations(data: Mapping[str, str] | None) -> dict[str, str]:
    """A digest of the mounted files, so that new contents make new pods."""
    if not data:
        return {}
    text = "\0".join(f"{name}\0{content}" for name, content in sorted(data.items()))
    return {"dojot.components/files": hashlib.sha256(text.encode()).hexdigest()[:16]}


def pod_spec(
    cluster: Cluster, affinity: Mapping[str, Any], containers: list[dict[str, Any]], fs_group: int | None = None
) -> dict[str, Any]:
    """What every pod has: its place, its rights, its containers, and neither token nor service variables."""
    security: dict[str, Any] = {}
    if fs_group is not None:
        security["fsGroup"] = fs_group
    if cluster.platform.kubernetes.seccomp:
        security["seccompProfile"] = {"type": "RuntimeDefault"}
    return {
        **({"affinity": dict(affinity)} if affinity else {}),
        "automountServiceAccountToken": False,
        # Variables such as KAFKA_WS_REDIS_PORT would be read as configuration by dojot's images.
        "enableServiceLinks": False,
        "containers": containers,
        **({"securityContext": security} if security else {}),
    }
