"""Prometheus finds whom it asks, is let in, and what is mounted fits into an object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.compiled import reckoned
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import Workload, open_ports, selected, workloads

CONFIG = "prometheus.yml"
_MATCHER = re.compile(r'\b(namespace|job)=~?"([^"]*)"')
# kubectl apply keeps what it applied in an annotation, and all annotations of an object have 256 KiB.
_LARGEST = 256 * 1024


def scrape_jobs(tree: Tree) -> list[dict[str, Any]]:
    """Of the compiled Prometheus; none where nobody watches."""
    return [job for config in _files(tree, CONFIG) for job in config["scrape_configs"]]


def _files(tree: Tree, name: str) -> list[dict[str, Any]]:
    return [
        yaml.load(entry["data"][name], Loader=yaml.CSafeLoader)
        for entry in tree.of_kind("ConfigMap")
        if entry["metadata"]["name"] == "prometheus-files"
    ]


def targets_are_there(tree: Tree) -> list[str]:
    """Each address is a node's or HAProxy's, each name a Service with this port; names of pods are headless.

    Argo CD's Service is in its own install manifest, which tests/engines/argocd holds against this.
    """
    addresses = {node["address"] for node in tree.parameters["cluster"]["nodes"].values()}
    addresses.update(reckoned.balancers(tree.parameters).values())
    addresses.add(tree.parameters.get("monitoring", {}).get("locust_exporter", {}).get("address", ""))
    argocd = f".{tree.parameters['platform']['argocd']['namespace']}.svc"
    found = []
    for job in scrape_jobs(tree):
        for host, port in _static(job):
            if host in addresses or host == "localhost" or host.endswith(argocd):
                continue
            service = _service(tree, host)
            if service is None:
                found.append(f"job {job['job_name']}: there is no Service {host}")
            elif port not in {entry["port"] for entry in service["spec"]["ports"]}:
                found.append(f"job {job['job_name']}: Service {host} has no port {port}")
        for lookup in job.get("dns_sd_configs", ()):
            for host in lookup["names"]:
                service = _service(tree, host)
                if service is None or service["spec"].get("clusterIP") != "None":
                    found.append(f"job {job['job_name']}: {host} is no headless Service, so it does not name pods")
                    continue
                for workload in _behind(tree, service):
                    if (lookup["port"], "TCP") not in open_ports(workload):
                        found.append(f"job {job['job_name']}: {workload} has no port {lookup['port']}")
    return found


def prometheus_is_let_in(tree: Tree) -> list[str]:
    """By a NetworkPolicy of each pod that it asks."""
    watcher = tree.parameters.get("monitoring", {}).get("service")
    asks = next((workload for workload in workloads(tree) if workload.service == watcher), None)
    found = []
    for job in scrape_jobs(tree):
        names = [(host, None) for host, _ in _static(job)]
        names += [(host, lookup["port"]) for lookup in job.get("dns_sd_configs", ()) for host in lookup["names"]]
        for host, number in names:
            service = _service(tree, host)
            for workload in _behind(tree, service) if service else ():
                ports = {number} if number else {entry["targetPort"] for entry in service["spec"]["ports"]}
                if asks and not any(_admits(tree, workload, asks, port) for port in ports):
                    found.append(f"job {job['job_name']}: no NetworkPolicy of {workload} admits {asks}")
    return found


def rules_speak_of_what_there_is(tree: Tree) -> list[str]:
    """Namespaces and jobs that they name; without those an alert would never fire, or never end."""
    known = {
        "namespace": {entry["metadata"]["name"] for entry in tree.of_kind("Namespace")}
        | {tree.parameters["platform"]["argocd"]["namespace"], "kube-system"},
        "job": {job["job_name"] for job in scrape_jobs(tree)},
    }
    found = []
    for rules in _files(tree, "rules.yml"):
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            for label, values in _MATCHER.findall(rule["expr"]):
                found += [
                    f"{rule.get('alert') or rule['record']}: there is no {label} {value}"
                    for value in values.split("|")
                    if value not in known[label]
                ]
    return found


def metrics_are_read_at_leisure(tree: Tree) -> list[str]:
    """At most every five seconds, by default and by each job."""
    found = []
    for config in _files(tree, CONFIG):
        rhythms = {"by default": config["global"]["scrape_interval"]}
        rhythms |= {
            job["job_name"]: job["scrape_interval"] for job in config["scrape_configs"] if "scrape_interval" in job
        }
        found += [f"{what}: metrics are read every {every}" for what, every in rhythms.items() if int(every[:-1]) < 5]
    return found


def files_fit_their_object(tree: Tree) -> list[str]:
    """With room for what else an object is made of."""
    return [
        f"{name_of(entry)}: {size:,} bytes are more than kubectl apply can remember"
        for entry in tree.of_kind("ConfigMap")
        if (size := sum(len(text.encode()) for text in entry.get("data", {}).values())) > _LARGEST * 3 // 4
    ]


def _static(job: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for group in job.get("static_configs", ()):
        for target in group["targets"]:
            host, _, port = target.rpartition(":")
            yield host, int(port)


def _service(tree: Tree, host: str) -> Object | None:
    """The Service of a name like service.namespace.svc."""
    name, _, rest = host.partition(".")
    namespace = rest.removesuffix(".svc")
    for entry in tree.of_kind("Service"):
        if (entry["metadata"]["name"], entry["metadata"]["namespace"]) == (name, namespace):
            return entry
    return None


def _behind(tree: Tree, service: Object) -> list[Workload]:
    home = service["metadata"]["namespace"]
    return [one for one in selected(tree, service["spec"]["selector"]) if one.namespace == home]


def _admits(tree: Tree, workload: Workload, asks: Workload, port: int) -> bool:
    for policy in tree.of_kind("NetworkPolicy"):
        wanted = policy["spec"]["podSelector"].get("matchLabels", {})
        here = policy["metadata"]["namespace"] == workload.namespace
        if not here or not wanted or not wanted.items() <= workload.labels.items():
            continue
        for rule in policy["spec"].get("ingress", ()):
            if "ports" in rule and port not in {entry["port"] for entry in rule["ports"]}:
                continue
            peers = rule.get("from")
            known = [peer["podSelector"]["matchLabels"].items() for peer in peers or ()]
            if peers is None or any(labels <= asks.labels.items() for labels in known):
                return True
    return False


CHECKS = (
    targets_are_there,
    prometheus_is_let_in,
    rules_speak_of_what_there_is,
    metrics_are_read_at_leisure,
    files_fit_their_object,
)
