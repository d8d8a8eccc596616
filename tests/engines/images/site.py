"""Compiled pods without a kubelet: each on an address of its own, and every Service's name leads to a pod behind it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection
from typing import Any

from scripts.engine_catalogue import built as program
from tests.engines.haproxy.network import Network
from tests.engines.images.containers import Container, Mount
from tests.rehearsal.images import layout
from tests.rehearsal.images.workshop import Workshop

Object = dict[str, Any]
Change = Callable[[Object], None]
_FIELDS = {"metadata.namespace": "dojot", "spec.nodeName": "node"}
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
_DOMAIN = "svc.cluster.local"


@dataclass
class Pod:
    """One pod of a compiled workload; `spec` is what Kubernetes would be given, changed by a test or not."""

    name: str
    address: str
    labels: Mapping[str, str]
    spec: Object
    containers: list[Container] = field(default_factory=list)
    # What a container had said each time when it ended and was started again.
    restarts: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "\n".join(container.log for container in self.containers)


class Site:
    """Pods of the named workloads of one cluster; "brokers/1" is the second one of brokers.

    `changes` alter the pod of a workload before it starts; `files` are the soft and hard limit of open files of one.
    """

    def __init__(
        self,
        objects: Sequence[Object],
        secrets: Mapping[str, Mapping[str, str]],
        names: Sequence[str],
        folder: Path,
        changes: Mapping[str, Change] | None = None,
        files: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self._objects = [*objects, *operated(objects)]
        self._secrets, self._folder, self._files = secrets, folder, files or {}
        self._workshop = Workshop()
        folder.mkdir(parents=True, exist_ok=True)
        addresses = {name: f"10.71.0.{number}" for number, name in enumerate(names, 10)}
        self.network = Network({name.replace("/", "-"): address for name, address in addresses.items()})
        self.network.hosts |= {name: self.network.hosts[name.replace("/", "-")] for name in names}
        try:
            self.pods = {name: self._pod(name, (changes or {}).get(name)) for name in names}
            (folder / "hosts").write_text("".join(self._hosts()))
            for pod in self.pods.values():
                self._redirect(pod)
        except BaseException:
            self.network.remove()
            raise

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        for pod in self.pods.values():
            for container in pod.containers:
                container.stop()
        self.network.remove()

    def start(self, name: str) -> Pod:
        pod = self.pods[name]
        volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", ())}
        group = pod.spec.get("securityContext", {}).get("fsGroup")
        for said in pod.spec["containers"]:
            folder = self._folder / name / said["name"]
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            mounts = [
                Mount(self._folder / "hosts", "/etc/hosts", True),
                *(
                    Mount(
                        self._volume(name, volumes.get(mount["name"], {}), mount["name"], group),
                        mount["mountPath"],
                        mount.get("readOnly", False),
                    )
                    for mount in said.get("volumeMounts", ())
                ),
            ]
            container = Container(
                f"{said['name']}-{name.partition('/')[2]}".rstrip("-"),
                layout(self._workshop, said["image"]),
                {**said, "env": list(self._variables(pod, said)), "hostname": pod.name},
                self.network.hosts[name],
                folder,
                mounts,
                [group] if group is not None else [],
                self._files.get(name, (16_384, 16_384)),
            )
            pod.containers.append(container.start())
        return pod

    def ready(self, name: str, seconds: float = 120) -> Pod:
        """A pod whose containers are ready, or ended well if that is their work; AssertionError with its log."""
        pod, end = self.pods[name], time.monotonic() + seconds
        if pod.spec.get("restartPolicy", "Always") != "Always":
            for container in pod.containers:
                code = container.ended(seconds)
                assert code == 0, f"{name} ended with {code}:\n{container.log}"
            return pod
        waiting = list(pod.containers)
        while waiting:
            for container in list(waiting):
                if not container.process.running():
                    # As a kubelet does, but without its growing pauses.
                    pod.restarts.append(container.log)
                    container.stop()
                    container.start()
                elif self.answers(pod, container):
                    waiting.remove(container)
            told = "\n".join([*pod.restarts[-1:], *(container.log for container in waiting)])
            assert time.monotonic() < end, f"{name} is not ready; {len(pod.restarts)} restarts:\n{told}"
            time.sleep(0.5)
        return pod

    def answers(self, pod: Pod, container: Container) -> bool:
        """Does its readiness probe pass?"""
        probe = container.said.get("readinessProbe")
        if probe is None:
            return True
        if "exec" in probe:
            return container.run(*probe["exec"]["command"]).returncode == 0
        with suppress(OSError), self.inside(self._key(pod)):
            if "tcpSocket" in probe:
                create_connection((pod.address, probe["tcpSocket"]["port"]), timeout=5).close()
                return True
            asked = HTTPConnection(pod.address, probe["httpGet"]["port"], timeout=5)
            asked.request("GET", probe["httpGet"]["path"])
            return asked.getresponse().status < 400
        return False

    def inside(self, name: str) -> AbstractContextManager[None]:
        """Sockets that this thread opens are the pod's."""
        return self.network.hosts[name].inside()

    def asks(
        self, name: str, port: int, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, str]:
        """Status and text of what a pod answers."""
        with self.inside(name):
            asked = HTTPConnection(self.pods[name].address, port, timeout=30)
            asked.connect()
        text = None if body is None else json.dumps(body)
        asked.request(method, path, text, {"Content-Type": "application/json", **headers})
        reply = asked.getresponse()
        return reply.status, reply.read().decode()

    def _key(self, pod: Pod) -> str:
        return next(name for name, found in self.pods.items() if found is pod)

    def _pod(self, key: str, change: Change | None) -> Pod:
        name, _, number = key.partition("/")
        workload = next(one for one in self._objects if one["kind"] in _WORKLOADS and one["metadata"]["name"] == name)
        template = copy.deepcopy(workload["spec"]["template"])
        if change is not None:
            change(template["spec"])
        return Pod(
            f"{name}-{number or 0}" if workload["kind"] == "StatefulSet" else f"{name}-pod",
            self.network.hosts[key].address,
            template["metadata"].get("labels", {}),
            template["spec"],
        )

    def _services(self) -> Iterator[tuple[Object, Pod]]:
        for service in self._objects:
            selector = service["spec"].get("selector") if service["kind"] == "Service" else None
            if selector:
                for pod in self.pods.values():
                    if selector.items() <= pod.labels.items():
                        yield service, pod

    def _hosts(self) -> Iterator[str]:
        yield "127.0.0.1 localhost\n"
        for pod in self.pods.values():
            yield f"{pod.address} {pod.name}\n"
        for service, pod in self._services():
            name, space = service["metadata"]["name"], service["metadata"]["namespace"]
            names = [name, f"{name}.{space}", f"{name}.{space}.{_DOMAIN}"]
            yield f"{pod.address} {' '.join([*names, *(f'{pod.name}.{one}' for one in names)])}\n"

    def _redirect(self, pod: Pod) -> None:
        """A Service's port leads to the container's."""
        host = self.network.hosts[self._key(pod)]
        for service, behind in self._services():
            for port in service["spec"].get("ports", ()) if behind is pod else ():
                target = port.get("targetPort", port["port"])
                if isinstance(target, str):
                    target = next(
                        known["containerPort"]
                        for container in pod.spec["containers"]
                        for known in container.get("ports", ())
                        if known.get("name") == target
                    )
                if target != port["port"]:
                    rule = ["-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", port["port"]]
                    command = host.command("iptables", *rule, "-j", "REDIRECT", "--to-ports", target)
                    subprocess.run(command, check=True, capture_output=True)

    def _variables(self, pod: Pod, said: Object) -> Iterator[Object]:
        fields = {**_FIELDS, "metadata.name": pod.name, "status.podIP": pod.address}
        for entry in said.get("env", ()):
            source = entry.get("valueFrom")
            if source is None:
                yield {"name": entry["name"], "value": entry.get("value", "")}
            elif "secretKeyRef" in source:
                reference = source["secretKeyRef"]
                yield {"name": entry["name"], "value": self._secrets[reference["name"]][reference["key"]]}
            elif "fieldRef" in source:
                yield {"name": entry["name"], "value": fields[source["fieldRef"]["fieldPath"]]}
            else:
                yield {"name": entry["name"], "value": "1"}

    def _volume(self, pod: str, volume: Object, name: str, group: int | None) -> Path:
        """The folder of a volume; one that nothing here says is as empty as a new one."""
        folder = self._folder / pod / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        if "configMap" in volume or "secret" in volume:
            for key, text in self._files_of(volume).items():
                path = folder / key
                path.write_text(text)
                path.chmod(volume.get("configMap", {}).get("defaultMode", 0o644))
            return folder
        # What this machine does not have is empty there.
        if "hostPath" in volume and Path(volume["hostPath"]["path"]).is_dir():
            return Path(volume["hostPath"]["path"])
        folder.chmod(0o777)
        if group is not None:
            os.chown(folder, 0, group)
            folder.chmod(0o2777)
        return folder

    def _files_of(self, volume: Object) -> Mapping[str, str]:
        if "secret" in volume:
            # The list of brokers is what the operator writes there.
            brokers = [pod.name for pod in self.pods.values() if pod.labels.get("app") == "vernemq"]
            view = "".join(
                f"vmq@{name}.vernemq-k8s-service.{_FIELDS['metadata.namespace']}.{_DOMAIN};" for name in brokers
            )
            return {item["key"]: view for item in volume["secret"].get("items", ())}
        said = volume["configMap"]
        data = next(
            one["data"]
            for one in self._objects
            if one["kind"] == "ConfigMap" and one["metadata"]["name"] == said["name"]
        )
        wanted = {item["key"]: item["path"] for item in said.get("items", ())} or {key: key for key in data}
        return {path: data[key] for key, path in wanted.items()}


def operated(objects: Sequence[Object]) -> list[Object]:
    """What the operator makes of the brokers' object."""
    found = [one for one in objects if one["kind"] == "VerneMQ"]
    return [
        made
        for one in found
        for made in json.loads(
            subprocess.run(
                [program("stand-in", "stand-in"), "operator", "show"],
                input=json.dumps(one),
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
    ]


def workloads(objects: Sequence[Object]) -> dict[int, list[str]]:
    """Sync wave -> names of the workloads in it, those of the operator included, in order."""
    found: dict[int, list[str]] = {}
    for one in [*objects, *operated(objects)]:
        if one["kind"] in _WORKLOADS:
            owner = next(iter(one["metadata"].get("ownerReferences", ())), None)
            said = one if owner is None else next(other for other in objects if other["kind"] == owner["kind"])
            wave = int(said["metadata"]["annotations"].get("argocd.argoproj.io/sync-wave", 0))
            found.setdefault(wave, []).append(one["metadata"]["name"])
    return {wave: sorted(names) for wave, names in sorted(found.items())}
