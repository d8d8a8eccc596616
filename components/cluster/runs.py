"""Containers beside what is known of their images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.inventory.finding import Path

from .input.contract import Contract, Opening, VariableEntry, Write
from .types import Cluster, Container, EnvVar, File, Job, Service

#: Numbers of ports in the value of a variable or setting: the whole of it, or what follows an address.
_PORT = re.compile(r"(?:^|[\s,]|(?P<host>[^\s,/:]*):)(?P<number>[0-9]{1,5})(?=$|[\s,;:/])")
_HERE = re.compile(r"(.*//)?(127\.[0-9.]+|localhost|\[?::1\]?)")


@dataclass(frozen=True)
class Run:
    """A container whose image has a contract. `path` leads to its entry; `job` is set for the container of a job."""

    path: Path
    service: Service
    container: Container
    contract: Contract
    files: tuple[File, ...]
    #: The variables that the entry itself states: not those that are derived for it, nor a service's for its job.
    stated: Mapping[str, Any]
    job: Job | None = None

    @property
    def image(self) -> str:
        return self.container.image

    @cached_property
    def variables(self) -> Mapping[str, EnvVar]:
        return {variable.name: variable for variable in self.container.env}

    def value(self, name: str | None) -> str | None:
        """What a variable is; None where there is none, or nobody here knows it (a Secret's, a field of the pod)."""
        found = self.variables.get(name or "")
        return found.value if found else None

    @cached_property
    def read(self) -> Mapping[str, VariableEntry | None]:
        """Each stated variable, as the image reads it; None: it does not."""
        return {name: self.contract.variable(name) for name in self.stated}

    @cached_property
    def command(self) -> str:
        """The start command and its arguments, as one text."""
        return " ".join((*self.container.command, *self.container.args))

    @cached_property
    def words(self) -> frozenset[str]:
        """Names that the start command, mounted files, probes and other variables speak of."""
        probes = (self.container.readiness, self.container.liveness, self.container.startup)
        texts = [self.command, *(file.text or "" for file in self.files)]
        texts += [" ".join(probe["exec"]["command"]) for probe in probes if probe and "exec" in probe]
        texts += [variable.value for variable in self.container.env if variable.value and "$(" in variable.value]
        return frozenset(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", "\n".join(texts)))

    def place(self, write: Write) -> str:
        """Where it writes in this container."""
        if moved := self.value(write.moved_by):
            return moved
        return f"{self.home.rstrip('/')}{write.path[1:]}" if write.path.startswith("~") else write.path

    @property
    def home(self) -> str:
        return self.value("HOME") or self.contract.homes.get(self.container.security.user, "/")

    def opened(self) -> frozenset[tuple[int, str]]:
        """(Number, protocol) of each port that the image opens as it is started here."""
        return frozenset((number, each.protocol) for each in self.contract.opens or () for number in self._ports(each))

    def _ports(self, opening: Opening) -> Iterator[int]:
        told = list(self._told(opening))
        yield from (number for text in told for number in ports_in(text))
        if not told and opening.port is not None:
            yield opening.port

    def _told(self, opening: Opening) -> Iterator[str]:
        """What moves a port away from its default."""
        if (value := self.value(opening.variable)) is not None:
            yield value
        arguments = [word for text in (*self.container.command, *self.container.args) for word in text.split()]
        for position, word in enumerate(arguments):
            name, equals, value = word.partition("=")
            if name == opening.argument:
                yield value if equals else " ".join(arguments[position + 1 : position + 2])
        resource = self.service.spec.custom_resource
        if opening.setting and resource:
            pattern = re.compile(re.escape(opening.setting).replace(r"\*", ".*"))
            yield from (str(value) for key, value in resource.conf.items() if pattern.fullmatch(key))
            # What the custom resource's listeners open.
            yield from (str(port.number) for port in self.container.ports if port.listener)

    def volume_of(self, place: str) -> Mount | None:
        """What is mounted over a place: the innermost."""
        covering = [mount for mount in self._mounts if place == mount.path or place.startswith(f"{mount.path}/")]
        return max(covering, key=lambda mount: len(mount.path), default=None)

    @cached_property
    def _mounts(self) -> list[Mount]:
        found = [Mount(path, "scratch") for path in self.container.security.writable]
        found += [Mount(each.mount, "read-only") for each in self.container.secret_files]
        found += [Mount(file.mount, "read-only") for file in self.files]
        # Sidecars and jobs see no volume.
        if self.container is self.service.container:
            for volume in self.service.volumes:
                kind = "volume" if volume.persistent else "scratch"
                found.append(Mount(volume.mount, kind, volume.name, volume.owner))
            found += [Mount(each.mount, "read-only") for each in self.service.spec.host_paths.values()]
        return found


@dataclass(frozen=True)
class Mount:
    """`kind` is volume (its directory belongs to `owner`), scratch (everybody writes) or read-only."""

    path: str
    kind: str
    name: str = ""
    owner: int = 0


def ports_in(text: str) -> Iterator[int]:
    """Port numbers in a text; what listens on the loopback address is open to nobody else."""
    for found in _PORT.finditer(text):
        if not _HERE.fullmatch(found["host"] or ""):
            yield int(found["number"])


@dataclass(frozen=True)
class Runs:
    """Every container of a cluster whose image has a contract: of services, sidecars and jobs."""

    cluster: Cluster

    def __iter__(self) -> Iterator[Run]:
        return iter(self._every)

    @cached_property
    def _every(self) -> tuple[Run, ...]:
        return tuple(
            Run(path, service, container, container.contract, files, stated, job)
            for service in self.cluster.services
            for path, container, files, stated, job in containers_of(service)
            if container.contract
        )


def unjudged(cluster: Cluster) -> dict[str, str]:
    """Image -> its first service, of images without a contract."""
    found: dict[str, str] = {}
    for service in cluster.services:
        for _, container, *_ in containers_of(service):
            if container.contract is None:
                found.setdefault(container.image, service.name)
    return found


def containers_of(
    service: Service,
) -> Iterator[tuple[Path, Container, tuple[File, ...], Mapping[str, Any], Job | None]]:
    """Path, container, files, the variables that the entry itself states, and the job that it is of."""
    path, spec = ("services", service.name), service.spec
    yield path, service.container, service.files, spec.env, None
    for sidecar in service.sidecars:
        yield (*path, "sidecars", sidecar.name), sidecar, (), spec.sidecars[sidecar.name].env, None
    for job in service.jobs:
        yield (*path, "jobs", job.name), job.container, job.files, spec.jobs[job.name].env or {}, job
