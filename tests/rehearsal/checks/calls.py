"""Whom an image calls by what its contract says, and by nobody's policy but the cluster's, answers its pod."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from typing import Any

from components.cluster.rules.image_calls import targets
from components.cluster.runs import Runs
from tests.engines.bootstrap.network import in_network
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.pods import processes

_PATIENCE = 5


def calls_are_answered(made: RehearsedCluster) -> None:
    """Also what is called later, when somebody asks for it: nothing has shown until then that it cannot be reached."""
    services = {one["metadata"]["name"]: one for one in made.get("services", "--all-namespaces")}
    pods = made.get("pods", "--all-namespaces", "--field-selector=status.phase=Running")
    known, asked = processes(), 0
    elsewhere: set[str] = set()
    for name, image, host, port in sorted(set(_calls(made))):
        if (service := services.get(host.partition(".")[0])) is None:
            elsewhere.add(host)
            continue
        (caller, *_) = _selected(pods, {"name": name})
        addresses = list(_behind(service, pods))
        asked += 1
        if not in_network(known[caller["metadata"]["uid"]], lambda to=addresses, at=port: _answers(to, at)):
            made.report.fail(f"{image} in {name} calls {host}:{port}, and nobody answers there")
    made.report.figure("calls of images", f"{asked} asked; to no Service: {', '.join(sorted(elsewhere)) or 'none'}")
    if not asked:
        made.report.fail("no image's call was asked")


def _calls(made: RehearsedCluster) -> Iterator[tuple[str, str, str, int]]:
    """Service, image, host and port."""
    for run in Runs(made.cluster):
        # The operator's pods carry no such label; what brokers call they have needed to start.
        if run.job is None and not run.service.spec.custom_resource:
            for call in run.contract.calls:
                for host, port in targets(run, call):
                    yield run.service.name, run.image, host, port


def _behind(service: dict[str, Any], pods: Iterable[dict[str, Any]]) -> Iterator[str]:
    if service["spec"]["clusterIP"] != "None":
        yield service["spec"]["clusterIP"]
        return
    for pod in _selected(pods, service["spec"].get("selector", {})):
        yield pod["status"]["podIP"]


def _selected(pods: Iterable[dict[str, Any]], labels: dict[str, str]) -> list[dict[str, Any]]:
    return [pod for pod in pods if labels.items() <= pod["metadata"].get("labels", {}).items()]


def _answers(addresses: Iterable[str], port: int) -> bool:
    for address in addresses:
        try:
            socket.create_connection((address, port), timeout=_PATIENCE).close()
            return True
        except OSError:
            continue
    return False


CHECKS = (calls_are_answered,)
