"""Who calls whom: services, their ports, and the order in which they start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.inventory.finding import Finding, Path, listed, near, suggest

from ..input.container import JobEntry
from ..input.service import ServiceEntry
from ..input.target import Inventory
from ..ports import doors
from ..uses import addresses, needs
from .registry import Stage, rule

NO_DOOR = "no entry of kubernetes_services offers this port"


@rule(Stage.NAMES)
def uses(inventory: Inventory) -> Iterator[Finding]:
    """What is used is there, and has the port."""
    services = inventory.services
    absent: dict[str, dict[str, Path]] = {}
    for user, path, entry in _callers(services):
        for name, need in needs(entry).items():
            if name not in services:
                absent.setdefault(name, {}).setdefault(user, (*path, *need.path))
                continue
            ports = services[name].ports
            for port, said in need.ports.items():
                if port not in ports:
                    yield Finding((*path, *said), port, f"{name} has no port of this name", suggest(port, ports))
    for name, users in absent.items():
        first = min(users)
        yield Finding(
            users[first],
            None,
            f"{listed(sorted(users))} {'uses' if len(users) == 1 else 'use'} {name}, which is not part of this cluster",
            f"Add service.{name} to the profile, or take {first if len(users) == 1 else 'all of those'} out of it",
        )


@rule(Stage.NAMES)
def excludes(inventory: Inventory) -> Iterator[Finding]:
    """Services of which a cluster has one at most."""
    for name, service in inventory.services.items():
        for other, reason in service.excludes.items():
            if other in inventory.services:
                yield Finding(
                    ("services", name, "excludes", other),
                    None,
                    f"{name} and {other} are both part of this cluster, and it can have one of them: {reason}",
                    f"Take service.{name} or service.{other} out of the profile",
                )


@rule(Stage.NAMES)
def addresses_lead_somewhere(inventory: Inventory) -> Iterator[Finding]:
    """A port that is called by name needs a Kubernetes Service with that name."""
    for _, path, entry in _callers(inventory.services):
        for said, address in addresses(entry):
            service = inventory.services.get(address.service)
            if service and address.port in service.ports and not doors(service, address.port):
                yield Finding(
                    (*path, *said, "port"),
                    address.port,
                    NO_DOOR,
                    f"Add the port to one of services.{address.service}.kubernetes_services",
                )


@rule(Stage.NAMES)
def made_pods_have_callers(inventory: Inventory) -> Iterator[Finding]:
    """Who calls the pods that a service makes is there."""
    services = inventory.services
    for name, service in services.items():
        for made, entry in service.makes.items():
            for number, caller in enumerate(entry.callers):
                if caller not in services:
                    yield Finding(
                        ("services", name, "makes", made, "callers", str(number)),
                        caller,
                        "there is no such service in this cluster",
                        suggest(caller, services)
                        if near(caller, services)
                        else f"Add service.{caller} to the profile, or take {name} out of it",
                    )


def _callers(services: Mapping[str, ServiceEntry]) -> Iterator[tuple[str, Path, ServiceEntry | JobEntry]]:
    """Services and their jobs: the service's name, the entry's path, the entry."""
    for name, service in services.items():
        yield name, ("services", name), service
        for job_name, job in service.jobs.items():
            yield name, ("services", name, "jobs", job_name), job


@rule(Stage.NAMES)
def cycles(inventory: Inventory) -> Iterator[Finding]:
    """No service waits for itself."""
    services = inventory.services
    done: set[str] = set()

    def walk(name: str, chain: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in chain:
            return (*chain[chain.index(name) :], name)
        if name in done:
            return None
        for other, need in needs(services[name]).items():
            if need.at_start and other in services and other != name:
                cycle = walk(other, (*chain, name))
                if cycle:
                    return cycle
        done.add(name)
        return None

    for name in services:
        cycle = walk(name, ())
        if cycle:
            yield Finding(
                ("services", cycle[0], *needs(services[cycle[0]])[cycle[1]].path),
                None,
                f"these services wait for each other at start: {' -> '.join(cycle)}",
                "Write at_start: false where a service can start without the other",
            )
            return
