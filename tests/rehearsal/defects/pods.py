"""What stopped dojot's own code, put back into the running cluster: each pod has to fail as its image did."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.engines.bootstrap.network import in_network
from tests.engines.processes import until
from tests.rehearsal.checks.calls import calls_are_answered
from tests.rehearsal.cluster import RehearsedCluster, condition
from tests.rehearsal.faulty import fails_in
from tests.rehearsal.pods import processes

Object = dict[str, Any]
_PATIENCE = 240
# The kubelet measures volumes once a minute, one after another, and so slower on a machine with much to do.
_EVICTION_PATIENCE = 600
# Bytes of a request's path, which pepkong writes four times, and how many requests fill 256 MiB with it.
_LONG = 60_000
_REQUESTS = 1_200


@contextmanager
def _changed(made: RehearsedCluster, kind: str, name: str, change: Callable[[Object], None]) -> Iterator[None]:
    """One compiled object otherwise, while Argo CD looks away; afterwards it has to put it back."""
    found = [
        one
        for path in sorted((made.site.compiled / "manifests").glob("*.yml"))
        for one in yaml.safe_load_all(path.read_text("utf-8"))
        if (one["kind"], one["metadata"]["name"]) == (kind, name)
    ]
    (wanted,) = found
    change(wanted)
    with made.unwatched():
        # Whole: of what two have applied, neither can take the other's part away.
        made.kubectl("replace", "--filename=-", input=json.dumps(wanted))
        yield


def _has(made: RehearsedCluster, *services: str) -> bool:
    """Does the cluster have these? If not, the table says so."""
    there = set(services) <= {service.name for service in made.cluster.services}
    if not there:
        made.report.figure(f"a defect of {services[0]}", "this cluster does not have it")
    return there


def _container(wanted: Object) -> Object:
    container: Object = wanted["spec"]["template"]["spec"]["containers"][0]
    return container


def _says(made: RehearsedCluster, service: str, words: str) -> bool:
    """Has a container of its pods said this, and ended?"""
    namespace = f"--namespace={made.cluster.service(service).namespace}"
    for pod in made.get("pods", namespace, f"--selector=name={service}"):
        for one in pod["status"].get("containerStatuses", ()):
            for previous in ("true", "false") if one["restartCount"] or one["state"].get("terminated") else ():
                options = (f"--container={one['name']}", f"--previous={previous}", "--tail=100")
                if words in made.kubectl("logs", namespace, pod["metadata"]["name"], *options, check=False):
                    return True
    return False


def _must_say(made: RehearsedCluster, service: str, words: str) -> None:
    if not until(lambda: _says(made, service, words), _PATIENCE, pause=3):
        made.report.fail(f"{service} was given its old defect, and does not end with {words!r}")


def auth_as_a_user_who_may_not_write(made: RehearsedCluster) -> None:
    def change(wanted: Object) -> None:
        _container(wanted)["securityContext"] |= {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": True}

    with _changed(made, "Deployment", "auth", change):
        _must_say(made, "auth", "/usr/src/app/auth as user 1000")


def persister_without_a_place_for_its_egg(made: RehearsedCluster) -> None:
    if not _has(made, "persister"):
        return

    def change(wanted: Object) -> None:
        container = _container(wanted)
        container["env"] = [one for one in container["env"] if one["name"] != "PYTHON_EGG_CACHE"]

    with _changed(made, "Deployment", "persister", change):
        _must_say(made, "persister", "/.cache")


def flowbroker_that_cron_does_not_let_in(made: RehearsedCluster) -> None:
    if not _has(made, "cron", "flowbroker"):
        return

    def change(wanted: Object) -> None:
        for rule in wanted["spec"]["ingress"]:
            rule["from"] = [peer for peer in rule["from"] if "flowbroker" not in json.dumps(peer)]

    with _changed(made, "NetworkPolicy", "cron", change):
        fails_in(made, calls_are_answered, "in flowbroker calls cron")


def kong_with_a_log_that_grows(made: RehearsedCluster) -> None:
    """Each request writes its path four times into a folder that ends at 256 MiB: then the kubelet evicts the pod."""

    def change(wanted: Object) -> None:
        container = _container(wanted)
        container["command"] = [
            word.replace("ln -sf /dev/null /tmp/lualogs.txt && ", "") for word in container["command"]
        ]

    service = made.cluster.service("kong")
    old = {pod["metadata"]["uid"] for pod in made.pods_of(service)}

    def new() -> list[Object]:
        return [pod for pod in made.pods_of(service) if pod["metadata"]["uid"] not in old and condition(pod, "Ready")]

    with _changed(made, "Deployment", "kong", change):
        made.wait(new, "Kong's pod is not replaced", lambda: ["kong"], 180)
        (pod,) = new()
        port = next(port.number for port in service.container.ports if port.name == "http")
        in_network(processes()[pod["metadata"]["uid"]], lambda: _fill(port))
        if not until(lambda: _evicted(made, pod), _EVICTION_PATIENCE, pause=3):
            made.report.fail("Kong's log is longer than its folder may hold, and its pod was not evicted")
        # What was evicted stays in the list.
        made.kubectl("delete", "pod", f"--namespace={service.namespace}", pod["metadata"]["name"], "--ignore-not-found")


def _fill(port: int) -> None:
    path = "/" + "x" * _LONG
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(_REQUESTS):
        connection.request("GET", path)
        connection.getresponse().read()


def _evicted(made: RehearsedCluster, pod: Object) -> bool:
    metadata = pod["metadata"]
    options = (f"--namespace={metadata['namespace']}", f"--field-selector=metadata.name={metadata['name']}")
    return any(one["status"].get("reason") == "Evicted" for one in made.get("pods", *options))


DEFECTS = (
    auth_as_a_user_who_may_not_write,
    persister_without_a_place_for_its_egg,
    flowbroker_that_cron_does_not_let_in,
    kong_with_a_log_that_grows,
)
