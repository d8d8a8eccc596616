"""A cluster from nothing, in the order of the runbook: its steps, on its hosts."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import yaml

from components.cluster.types import Service
from tests.engines.argocd.repository import Repository
from tests.engines.processes import until
from tests.rehearsal import adapted
from tests.rehearsal.hosts import NodeHost
from tests.rehearsal.report import Report
from tests.rehearsal.site import RehearsalSite
from tests.rehearsal.step import Step

ADMIN = "/etc/kubernetes/admin.conf"
JOIN_FILE, KEY_FILE = "/run/dojot-join", "/run/dojot-join-key"
# What steps say of a second run.
QUIET = {"skipped", "ok"}
SYNCED = "Synced Healthy"
_REFRESH = "argocd.argoproj.io/refresh"
_RUNNING = "--field-selector=status.phase=Running"
# Seconds.
_LONGEST_STEP = 900
_RECOVERY = 600


class Stuck(Exception):
    """A step that failed, or something that did not come true in time."""


class RehearsedCluster:
    """A cluster on the hosts of a site; `repository` is what Argo CD follows."""

    def __init__(self, site: RehearsalSite, report: Report, repository: Repository) -> None:
        self.site, self.cluster, self.report, self.repository = site, site.cluster, report, repository
        self._done: set[str] = set()
        self._told = ""
        # Uid of a pod -> when it was first seen to be Ready: later it may become so again.
        self.ready_at: dict[str, str] = {}

    @property
    def master(self) -> NodeHost:
        return self.site.hosts[self.cluster.control_plane.name]

    @property
    def other_masters(self) -> list[NodeHost]:
        """Control planes beside the first."""
        return [self.site.hosts[node.name] for node in self.cluster.control_planes[1:]]

    @property
    def workers(self) -> list[NodeHost]:
        return [self.site.hosts[node.name] for node in self.cluster.workers]

    @property
    def balancer(self) -> NodeHost:
        return self.site.hosts[self.cluster.load_balancer.hosts[0].name]

    def boot(self) -> None:
        """All hosts, bare."""
        with self.report.stage("boot"):
            for node in self.cluster.nodes:
                self.site.boot(node.name, node.address)
            balancer = self.cluster.load_balancer
            self.site.boot(balancer.hosts[0].name, balancer.address)

    def to_ready(self) -> None:
        """From bare hosts to nodes that are Ready, labelled and have their Secrets."""
        nodes = [self.site.hosts[node.name] for node in self.cluster.nodes]
        for step in ("node", "volumes"):
            self._stage(step, nodes)
        self._stage("control-plane", [self.master])
        self.apply(*adapted.objects(self.cluster, self.site.authority))
        if self.other_masters:
            self._stage("join-key", [self.master])
            with self.report.stage("join-control-plane"):
                for other in self.other_masters:
                    self.join(self.master, other)
            self._done.add("join-control-plane")
        self._stage("join-token", [self.master])
        for worker in self.workers:
            worker.put(JOIN_FILE, self.master.read(JOIN_FILE))
        self._stage("worker", self.workers)
        for step in ("join-done", "labels", "secrets"):
            self._stage(step, [self.master])
        with self.report.stage("all nodes Ready"):
            self.wait(lambda: not self.unready_nodes(), "nodes are not Ready", self.unready_nodes, 180)
            self.ready("kube-system", 180)

    def join(self, member: NodeHost, other: NodeHost) -> None:
        """By the file that a control plane has written, another one joins."""
        other.put(KEY_FILE, member.read(KEY_FILE))
        self._run("join-control-plane", [other])

    def to_synced(self) -> None:
        """Argo CD brings all that is compiled."""
        self._stage("argocd", [self.master])
        with self.report.stage("Application Synced and Healthy"):
            self.wait(self._progress, "the Application is", lambda: [self._told], 900, pause=2)

    def to_balanced(self) -> None:
        self._stage("load-balancer", [self.balancer])

    def verify(self) -> None:
        """Nothing is otherwise than the inventory says."""
        done = self.master.step("verify", timeout=300)
        self.report.log("verify", done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        wrong = [line for line in lines if not line.startswith("ok: ")]
        for line in wrong:
            self.report.fail(f"verify: {line}")
        if not wrong and (done.returncode or not lines):
            self.report.fail(f"verify: exit code {done.returncode}: {done.stderr.rstrip().rpartition(chr(10))[2]}")
        self.report.figure("verify", f"{len(lines)} things looked at, exit code {done.returncode}")

    def look(self) -> None:
        """See which pods are Ready by now: later nobody can tell since when. Nothing where no API server answers."""
        with suppress(subprocess.SubprocessError, AssertionError, ValueError):
            self._unready(self.get("pods", "--all-namespaces"))

    def recovered(self) -> None:
        """Without a hand nodes and pods are Ready again and the Application is in sync; `verify` finds nothing."""
        self.wait(self.answers, "the API server does not answer", lambda: [self.master.name], 120)
        self.wait(lambda: not self.unready_nodes(), "nodes are not Ready", self.unready_nodes, _RECOVERY)
        self.asked_anew()
        self.wait(self._progress, "the Application is", lambda: [self._told], _RECOVERY, pause=2)
        for namespace in (*self.cluster.namespaces, self.cluster.platform.argocd.namespace, "kube-system"):
            self.ready(namespace, _RECOVERY)
        self.verify()

    def ready(self, namespace: str, seconds: float) -> None:
        """All pods of a namespace are Ready, or done with their work."""

        def unready() -> list[str]:
            return self.unready_pods(namespace)

        self.wait(lambda: not unready(), "pods are not Ready", unready, seconds, pause=2)

    def asked_anew(self) -> None:
        """Argo CD has looked at everything after this call began: what it said before may be of yesterday."""
        place = (f"--namespace={self.cluster.platform.argocd.namespace}", "application", self.cluster.name)
        self.kubectl("annotate", *place, f"{_REFRESH}=hard", "--overwrite")
        found = "--output=jsonpath={.metadata.annotations}"
        self.wait(lambda: _REFRESH not in self.kubectl("get", *place, found), "Argo CD does not look", list, _RECOVERY)

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """Meanwhile Argo CD does not put back what differs from Git; afterwards it does."""
        controller = ("scale", "statefulset/argocd-application-controller", "--timeout=120s")
        place = f"--namespace={self.cluster.platform.argocd.namespace}"
        self.kubectl(*controller, place, "--replicas=0")
        self.wait(lambda: not self._controllers(), "Argo CD's controller does not end", list, 120)
        try:
            yield
        finally:
            self.kubectl(*controller, place, "--replicas=1")

    def _controllers(self) -> list[dict[str, Any]]:
        namespace = f"--namespace={self.cluster.platform.argocd.namespace}"
        return self.get("pods", namespace, "--selector=app.kubernetes.io/name=argocd-application-controller")

    def answers(self) -> bool:
        """Does the API server?"""
        return "ok" in self.kubectl("get", "--raw=/readyz", check=False)

    def brokers(self) -> list[dict[str, Any]]:
        """Running pods of brokers, which their operator makes; the bundle's server is not among them."""
        brokers = self.cluster.brokers
        assert brokers, "a cluster without brokers"
        return self.get("pods", f"--namespace={brokers.namespace}", "--selector=vernemq", _RUNNING)

    def started_since(self, host: NodeHost, moment: str) -> bool:
        """Has every container on it started after this moment (RFC 3339, UTC)?"""
        pods = self.get("pods", "--all-namespaces", f"--field-selector=spec.nodeName={host.name},status.phase=Running")
        at = [
            one["state"].get("running", {}).get("startedAt", "")
            for pod in pods
            for one in pod["status"].get("containerStatuses", ())
        ]
        return bool(at) and min(at) > moment

    def restarts(self) -> dict[str, int]:
        """Pod and container -> how often it was started again."""
        return {
            f"{pod['metadata']['name']}/{one['name']}": one["restartCount"]
            for pod in self.get("pods", "--all-namespaces")
            for one in pod["status"].get("containerStatuses", ())
        }

    def pending(self) -> set[str]:
        """Services of which a pod has no node."""
        found = set()
        for pod in self.get("pods", "--all-namespaces", "--field-selector=status.phase=Pending"):
            if pod["spec"].get("nodeName"):
                continue
            labels = pod["metadata"].get("labels", {})
            found.add(labels.get("name") or ("vernemq" if "vernemq" in labels else ""))
        # Others are nobody's of the inventory.
        return found - {""}

    def _progress(self) -> bool:
        """Is it there yet? What hinders is told whenever it has changed.

        All by one question: each is a program that starts, on a machine that has enough to do.
        """
        found = self.get("applications.argoproj.io,pods", "--all-namespaces")
        (status,) = [one.get("status", {}) for one in found if one["kind"] == "Application"]
        application = " ".join(status.get(key, {}).get("status", "unknown") for key in ("sync", "health"))
        namespaces = (self.cluster.platform.argocd.namespace, *self.cluster.namespaces)
        waiting = self._unready(
            [one for one in found if one["kind"] == "Pod" and one["metadata"]["namespace"] in namespaces]
        )
        hindrance = f"{application}; not Ready: {', '.join(waiting) or 'nothing'}"
        if hindrance != self._told:
            self._told = hindrance
            self.report.say(f"  {hindrance}")
        return application == SYNCED

    def again(self) -> None:
        """Each step that has run, once more: it changes nothing."""
        nodes = [self.site.hosts[node.name] for node in self.cluster.nodes]
        for step, hosts in {
            "node": nodes,
            "volumes": nodes,
            "control-plane": [self.master],
            "join-control-plane": self.other_masters,
            "worker": self.workers,
            "join-done": [self.master],
            "labels": [self.master],
            "secrets": [self.master],
            "argocd": [self.master],
            "load-balancer": [self.balancer],
        }.items():
            if step not in self._done:
                continue
            with self.report.stage(f"{step}, again"):
                for host, said in self._run(step, hosts).items():
                    for line in said.splitlines():
                        if line.partition(":")[0] not in QUIET:
                            self.report.fail(f"{step} on {host} again: {line}")

    def step(self, host: NodeHost, *words: str) -> str:
        """A step of the bootstrap, by itself; what it said. AssertionError with its last words where it fails."""
        self.report.say(f"  {host.name}: {' '.join(words)}")
        done = host.step(*words, timeout=_LONGEST_STEP)
        self.report.log(f"{host.name}-{words[0]}-alone", done.stdout + done.stderr)
        assert done.returncode == 0, f"{host.name}: {' '.join(words)}: {done.stderr.rstrip().rpartition(chr(10))[2]}"
        return done.stdout

    def secrets(self) -> dict[str, object]:
        """Namespace and name of each that somebody made -> what is in it."""
        return {
            f"{one['metadata']['namespace']}/{one['metadata']['name']}": one.get("data")
            for one in self.get("secrets", "--all-namespaces")
            if one["type"] == "Opaque"
        }

    def on_workers(self) -> dict[str, object]:
        """Running pod of a worker -> its uid, and how often each of its containers was started again."""
        return {
            one["metadata"]["name"]: (
                one["metadata"]["uid"],
                [status["restartCount"] for status in one["status"].get("containerStatuses", ())],
            )
            for one in self.get("pods", "--all-namespaces", "--field-selector=status.phase=Running")
            if one["spec"]["nodeName"] != self.master.name
        }

    def _stage(self, step: str, hosts: Iterable[NodeHost]) -> None:
        with self.report.stage(step):
            self._run(step, hosts)
        self._done.add(step)

    def _run(self, step: str, hosts: Iterable[NodeHost]) -> dict[str, str]:
        """The step on all of these hosts at once; host -> what it said. Stuck where one fails."""
        with ExitStack() as stack:
            running = {host: stack.enter_context(Step(host, step, self.report.logs)) for host in hosts}
            end = time.monotonic() + _LONGEST_STEP
            codes = {host: one.wait(end - time.monotonic()) for host, one in running.items()}
        wrong = [f"{host.name}: {running[host].last_words()}" for host, code in codes.items() if code]
        if wrong:
            raise Stuck(f"step {step}:\n" + "\n".join(wrong))
        return {host.name: one.said() for host, one in running.items()}

    def keep_logs(self) -> None:
        """Into the log folder: the journals of all hosts, and the state of the cluster where it answers."""
        for name, host in self.site.hosts.items():
            self.report.log(f"{name}-journal", host.run("journalctl", "--no-pager", check=False).stdout)
            # In a tree of links by pod and container.
            script = "cd /var/log/pods 2>/dev/null && tail -n 400 -- */*/*.log"
            self.report.log(f"{name}-pods", host.run("sh", "-c", script, check=False).stdout)
        if self.cluster.control_plane.name in self.site.hosts:
            for words in (["pods", "--output=wide"], ["events", "--sort-by=.lastTimestamp"], ["nodes"]):
                self.report.log("cluster", self.kubectl("get", *words, "--all-namespaces", check=False))

    def kubectl(self, *words: object, input: str | None = None, check: bool = True, timeout: float = 300) -> str:
        """As the administrator, on a control plane that has power; what it said to be read by programs."""
        command = ("kubectl", f"--kubeconfig={ADMIN}", *words)
        host = next(one for one in (self.master, *self.other_masters) if one.has_power)
        return host.run(*command, input=input, check=check, timeout=timeout).stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "--server-side", "--filename=-", input=yaml.safe_dump_all(objects))

    def get(self, kind: str, *words: str) -> list[dict[str, Any]]:
        return json.loads(self.kubectl("get", kind, *words, "--output=json"))["items"]

    def unready_nodes(self) -> list[str]:
        ready = {node["metadata"]["name"] for node in self.get("nodes") if condition(node, "Ready")}
        return sorted({node.name for node in self.cluster.nodes} - ready)

    def unready_pods(self, namespace: str) -> list[str]:
        """Pods that are neither Ready nor done with their work; a word where there is none at all."""
        return self._unready(self.get("pods", f"--namespace={namespace}"))

    def _unready(self, pods: list[dict[str, Any]]) -> list[str]:
        for pod in pods:
            if ready := condition(pod, "Ready"):
                self.ready_at.setdefault(pod["metadata"]["uid"], ready["lastTransitionTime"])
        return [
            pod["metadata"]["name"]
            for pod in pods
            if not (condition(pod, "Ready") or pod["status"].get("phase") == "Succeeded")
        ] or ([] if pods else ["none is there"])

    def pods_of(self, service: Service) -> list[dict[str, Any]]:
        """Running pods of a service that Argo CD has brought; their label says whose they are."""
        return self.get("pods", f"--namespace={service.namespace}", f"--selector=name={service.name}", _RUNNING)

    def wait(
        self,
        wanted: Callable[[], object],
        what: str,
        which: Callable[[], Iterable[str]],
        seconds: float,
        pause: float = 1,
    ) -> None:
        if not until(wanted, seconds, pause=pause):
            raise Stuck(f"after {seconds:.0f} s {what}: {', '.join(which())}")


def condition(one: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The condition of an object, if it holds."""
    held = (each for each in one["status"].get("conditions", ()) if each["type"] == kind and each["status"] == "True")
    return next(held, None)
