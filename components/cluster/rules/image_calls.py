"""Whom images call, by addresses in their code and in the texts of variables: who is not used is not let in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from components.inventory.finding import Finding, Path

from ..input.container import ServiceAddress
from ..input.contract import Call
from ..runs import Run, Runs, containers_of
from ..types import Cluster, Job, Service
from .registry import Stage, rule

#: scheme://user@host:port, or host:port; of several, with commas between them.
_ADDRESS = re.compile(
    r"(?:^|[\s,;])(?:(?P<scheme>[a-z][a-z0-9+.-]*):(?:[a-z]+:)?//(?:[^\s/@]*@)?)?(?P<host>[a-z0-9][a-z0-9.-]*)(?::(?P<port>[0-9]{1,5}))?(?=$|[\s,;/?])"
)
_USUAL = {"http": 80, "https": 443}


@dataclass(frozen=True)
class _Door:
    """A port of a service, as it is reached by a DNS name."""

    service: Service
    port: str


@rule(Stage.IMAGES)
def calls_are_uses(runs: Runs) -> Iterator[Finding]:
    """What the code of an image calls is among the uses of its service: NetworkPolicies admit nobody else."""
    doors = _doors(runs.cluster)
    for run in runs:
        if run.job:
            continue
        for call in run.contract.calls:
            for host, port in targets(run, call):
                found = _behind(doors, run.service, host, port)
                says = f"{run.image} calls {host}:{port} ({call.file})"
                if found is None and call.when != "later" and call.variable not in run.variables:
                    found = "this cluster has no Service of that name"
                if isinstance(found, str):
                    yield Finding(*_said(run, call), f"{says}, and {found}", _correct(call))
                elif found and not _used(run.service, found):
                    yield Finding(
                        *_said(run, call),
                        f"{says}, and {run.service.name} does not use that port",
                        _add(run.service.name, found, call.when != "later"),
                    )


@rule(Stage.STRUCTURE)
def addresses_are_uses(cluster: Cluster) -> Iterator[Finding]:
    """An address that is written as a text, and leads to a service of this cluster, is a use as well."""
    doors = _doors(cluster)
    for service in cluster.services:
        for path, env, job in _environments(service):
            for name, text in env.items():
                for found in _ADDRESS.finditer(text):
                    port = int(found["port"] or _USUAL.get(found["scheme"] or "", 0))
                    door = _behind(doors, service, found["host"], port) if port else None
                    if isinstance(door, _Door) and not _used(service, door, job):
                        yield Finding(
                            (*path, "env", name),
                            text,
                            f"this is {door.service.name}'s port {door.port}, and nobody says that "
                            f"{job.name if job else service.name} uses it",
                            f"Write {{service: {door.service.name}, port: {door.port}, text: ...}}, "
                            f"or add it to its uses",
                        )


@rule(Stage.IMAGES)
def who_asks_once_is_answered(runs: Runs) -> Iterator[Finding]:
    """What an image asks only while it starts waits for its answer in the same pod: nobody comes up first for sure."""
    for run in runs:
        for call in run.contract.calls:
            if call.when != "once" or run.job:
                continue
            for host, port in targets(run, call):
                if host not in ("localhost", "127.0.0.1"):
                    yield Finding(
                        *_said(run, call),
                        f"{run.image} asks {host}:{port} while it starts and never again ({call.file})",
                        f"Start it by ask-patiently.py as services.auth does, with {call.variable} at an address of "
                        "the pod: that waits for the answer",
                    )


@rule(Stage.IMAGES)
def passive_services_are_called(runs: Runs) -> Iterator[Finding]:
    """What does nothing but answer is called by somebody, once there is anybody who calls."""
    passive = {run.service.name: run for run in runs if run.contract.passive and len(run.path) == 2}
    if len(passive) == len(runs.cluster.services):
        return
    used = {use.service for service in runs.cluster.services for use in service.uses}
    used |= {use.service for service in runs.cluster.services for job in service.jobs for use in job.uses}
    for name, run in passive.items():
        if name not in used and not run.service.exposed and not run.service.routes:
            yield Finding(
                ("services", name),
                None,
                f"{run.image} does nothing but answer, and no service of this cluster uses it",
                f"Take service.{name} out of the profile, or add it to the uses of who calls it",
            )


def _doors(cluster: Cluster) -> Mapping[tuple[str, str], Mapping[int, _Door]]:
    """(Namespace, DNS name) -> number -> what is behind it."""
    return {
        (service.namespace, door.name): {number: _Door(service, port) for port, number in door.ports.items()}
        for service in cluster.services
        for door in service.kubernetes_services
    }


def _behind(
    doors: Mapping[tuple[str, str], Mapping[int, _Door]], caller: Service, host: str, port: int
) -> _Door | str | None:
    """What a name of the cluster leads to, why it leads nowhere, or None for a name of somewhere else."""
    name, _, rest = host.partition(".")
    namespace = rest.split(".")[0] or caller.namespace
    offered = doors.get((namespace, name))
    if offered is None:
        # A pod of a set by its own name, pod.service.
        offered = doors.get((rest.split(".")[1] if "." in rest else caller.namespace, namespace))
    if offered is None:
        return None
    door = offered.get(port)
    if door is None:
        return f"the Service {name} has no port {port}"
    return door


def _used(service: Service, door: _Door, job: Job | None = None) -> bool:
    if door.service.name == service.name:
        return True
    uses = job.uses if job else service.uses
    return any((use.service, use.port) == (door.service.name, door.port) for use in uses)


def targets(run: Run, call: Call) -> list[tuple[str, int]]:
    """Host and port that the image calls as it is configured here; none where nobody here knows it."""
    if call.variable and call.variable in run.variables:
        text = run.value(call.variable)
        if text is None:
            return []
        found = [(each["host"], each["port"], each["scheme"]) for each in _ADDRESS.finditer(text)]
    else:
        found = [(call.service, None, None)]
    told = run.value(call.port_variable)
    apart = int(told) if told and told.isdigit() else None
    return [(host, int(port or apart or _USUAL.get(scheme or "", call.port))) for host, port, scheme in found]


def _said(run: Run, call: Call) -> tuple[Path, str | None]:
    if call.variable and call.variable in run.stated:
        return (*run.path, "env", call.variable), run.value(call.variable)
    return (*run.path, "uses") if len(run.path) == 2 else run.path, None


def _add(service: str, door: _Door, at_start: bool) -> str:
    start = "" if at_start else ", at_start: false"
    return f"Add {door.service.name}: {{ports: [{door.port}]{start}}} to services.{service}.uses"


def _correct(call: Call) -> str:
    return f"Write {call.variable}" if call.variable else f"Let a Service {call.service} offer port {call.port}"


def _environments(service: Service) -> Iterator[tuple[Path, Mapping[str, str], Job | None]]:
    """Texts of variables as the inventory states them: an address of a service is a use already."""
    for path, container, _, env, job in containers_of(service):
        stated = {name for name, value in env.items() if not isinstance(value, ServiceAddress)}
        yield path, {each.name: each.value for each in container.env if each.name in stated and each.value}, job
