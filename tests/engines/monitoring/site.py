"""What Prometheus asks in a test: HAProxy between its servers, a node with its exporters, brokers' counters.

Real are HAProxy, node-exporter and the scripts of inventory/files under BusyBox. VerneMQ cannot be had,
so its counters come from a page of our own; the kubelets and kube-state-metrics are not there.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer

import yaml

from components.cluster.types import Cluster
from components.desk.verify import metrics as drift
from components.desk.verify.finding import Finding, Look
from components.monitoring.metrics import METRICS
from tests.compiled.tree import Object
from tests.engines.haproxy.laboratory import Laboratory
from tests.engines.haproxy.network import Host
from tests.engines.monitoring import adapted
from tests.engines.monitoring.prometheus import Prometheus
from tests.engines.pki import Authority
from tests.engines.processes import Process
from tests.engines.programs import installed

_CERTIFICATES = Path("/etc/kubernetes/pki")
_PORTS = {"vernemq": 8888, "volume-usage": 9101, "certificate-expiry": 9102}


def config_map(objects: list[Object], name: str) -> dict[str, str]:
    return next(
        entry["data"] for entry in objects if entry["kind"] == "ConfigMap" and entry["metadata"]["name"] == name
    )


def host_path(objects: list[Object], workload: str, volume: str) -> str:
    """The directory of the node that a DaemonSet sees."""
    spec = next(entry for entry in objects if entry["kind"] == "DaemonSet" and entry["metadata"]["name"] == workload)[
        "spec"
    ]["template"]["spec"]
    return next(entry["hostPath"]["path"] for entry in spec["volumes"] if entry["name"] == volume)


class Site:
    """Use it as a context manager, with a running laboratory and the compiled manifests."""

    def __init__(self, cluster: Cluster, laboratory: Laboratory, objects: list[Object], folder: Path) -> None:
        self.cluster, self.laboratory, self.folder, self._objects = cluster, laboratory, folder, objects
        # Where its pod stands: HAProxy lets in no other.
        address = cluster.load_balancer.metrics_readers[0]
        self.host: Host = next(host for host in laboratory.network.hosts.values() if host.address == address)
        self.node = next(node for node in cluster.nodes if node.address == address)
        files = config_map(objects, "prometheus-files")
        self.compiled = {name: yaml.safe_load(files[name]) for name in ("prometheus.yml", "rules.yml")}
        self.places = {job: f"{address}:{port}" for job, port in _PORTS.items()}
        self.token = str(folder / "token")
        self.running = {
            "prometheus.yml": adapted.configuration(self.compiled["prometheus.yml"], self.places, self.token),
            "rules.yml": adapted.rules(self.compiled["rules.yml"]),
        }
        self.disks = [(volume, disk) for _, volume, disk in cluster.disks if disk.node == self.node]
        self._root = Path(host_path(objects, "volume-usage", "volumes"))
        self._cleanup = ExitStack()
        # Of one broker: counter -> value.
        self.counters: dict[str, float] = dict.fromkeys(METRICS["vernemq"], 0)

    def __enter__(self) -> Site:
        try:
            self._start()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _start(self) -> None:
        self._serve_counters()
        # What the bootstrap's `backup` writes there, and whoever looks with `make verify`.
        metrics = self.folder / "metrics"
        metrics.mkdir()
        (metrics / "backup.prom").write_text(f"dojot_backup_timestamp_seconds {time.time():.0f}\n", "utf-8")
        changed = Finding(where="master", what="/etc/hosts", wrong="it is another", do="mend it", source="hosts")
        look = {"commit": "c", "at": int(time.time()), "seconds": 1, "looked": ("hosts",), "notes": ()}
        drift.write(Look(cluster=self.cluster.name, findings=(changed,), **look), metrics / "drift.prom")
        self._run(
            "prometheus-node-exporter",
            f"--web.listen-address={self.host.address}:9100",
            f"--collector.textfile.directory={metrics}",
        )
        if exporter := self.cluster.load_balancer.node_exporter:
            balancer = self.laboratory.host
            self._run("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter.port}", on=balancer)
        for job in ("volume-usage", "certificate-expiry"):
            self._run_script(job)
        for name, text in self.running.items():
            (self.folder / name).write_text(yaml.safe_dump(text), "utf-8")
        Path(self.token).write_text("token", "utf-8")
        self.prometheus = Prometheus(self.host, self.folder)
        self._cleanup.callback(self.prometheus.stop)
        self.prometheus.start()

    def _run(self, program: str, *arguments: str, on: Host | None = None) -> None:
        host = on or self.host
        process = Process(f"{program}-{host.address}", host.command(installed(program), *arguments), self.folder)
        self._cleanup.callback(process.stop)

    def _run_script(self, job: str) -> None:
        """The compiled files and command of the service, in a sandbox where the directories of its node are ours."""
        home = self.folder / job
        (home / "www").mkdir(parents=True)
        for name, text in config_map(self._objects, f"{job}-files").items():
            (home / name).write_text(text, "utf-8")
        container = next(
            entry for entry in self._objects if entry["kind"] == "DaemonSet" and entry["metadata"]["name"] == job
        )["spec"]["template"]["spec"]["containers"][0]
        variables = {entry["name"]: entry.get("value", self.node.name) for entry in container["env"]}
        variables |= {
            "PORT": str(_PORTS[job]),
            "PAUSE_SECONDS": "1",
            "FOLDER": str(home / "www"),
            "PATH": str(self._tools()),
        }
        command = [word.replace("/scripts", str(home)) for word in container["command"]]
        process = Process(
            job,
            self.host.command(
                installed("bwrap"),
                "--die-with-parent",
                "--clearenv",
                "--dev-bind",
                "/",
                "/",
                *self._directories(),
                *(word for name, value in variables.items() for word in ("--setenv", name, value)),
                self._tools() / command[0],
                *command[1:],
            ),
            self.folder,
        )
        self._cleanup.callback(process.stop)

    def _directories(self) -> list[str]:
        """Options of bwrap: certificates, and a megabyte in each volume of the node."""
        volumes, certificates = self.folder / "volumes", self.folder / "pki"
        Authority(certificates)
        volumes.mkdir(exist_ok=True)
        for _, disk in self.disks:
            place = volumes / Path(disk.host_path).relative_to(self._root)
            place.mkdir(parents=True, exist_ok=True)
            (place / "data").write_bytes(b"x" * 2**20)
        places = ((volumes, self._root), (certificates, _CERTIFICATES))
        return [word for own, place in places for word in ("--tmpfs", place.parent, "--bind", own, place)]

    def _tools(self) -> Path:
        """BusyBox by all its names, and nothing else: the image's userland."""
        folder = self.folder / "bin"
        if not folder.exists():
            folder.mkdir()
            busybox = installed("busybox")
            for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
                (folder / name).symlink_to(busybox)
        return folder

    def _serve_counters(self) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = "".join(f'{name}{{node="broker"}} {value}\n' for name, value in site.counters.items()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with self.host.inside():
            server = ThreadingTCPServer((self.host.address, _PORTS["vernemq"]), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._cleanup.callback(server.server_close)
        self._cleanup.callback(server.shutdown)
