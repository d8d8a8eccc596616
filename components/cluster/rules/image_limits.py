"""Memory, files and time that images need beyond what is counted elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.inventory.finding import Finding

from ..quantity import ceil_div, gibibytes, size
from ..runs import Run, Runs
from ..types import Cluster
from .registry import Stage, rule

#: Files that systemd lets the processes of a service open where its unit does not say it: DefaultLimitNOFILE.
_BY_SYSTEMD = 1024
#: What Kubernetes takes where a probe does not say it.
_PERIOD, _FAILURES = 10, 3


@rule(Stage.IMAGES)
def memory_is_bounded(runs: Runs) -> Iterator[Finding]:
    """What cannot see its container's limit is told a bound below it, or fits in whatever its node has."""
    for run in runs:
        memory = run.contract.memory
        if memory is None or run.job:
            continue
        limit = size(run.container.resources.limits.memory)
        if memory.variable and memory.share:
            stated = run.value(memory.variable)
            most = limit * memory.share // 100
            if stated is None or (bound := _bytes(stated)) is None or bound > most:
                yield Finding(
                    (*run.path, "env", memory.variable) if stated else (*run.path, "env"),
                    stated,
                    f"{run.image} cannot see the limit of its container, and takes memory until this bound "
                    f"({memory.file})",
                    f"Write {'' if stated else memory.variable + ': '}{most // 2**20}MiB at most, "
                    f"{memory.share} per cent of the limit",
                )
        if memory.node_share:
            yield from _of_the_node(runs.cluster, run, memory.node_share, limit, memory.file)


def _of_the_node(cluster: Cluster, run: Run, share: int, limit: int, file: str) -> Iterator[Finding]:
    for node in cluster.nodes_of(run.service):
        if node.hardware and node.hardware.memory * share > limit * 100:
            least = ceil_div(node.hardware.memory * share, 100)
            yield Finding(
                (*run.path, "resources", "limits", "memory"),
                run.container.resources.limits.memory,
                f"{run.image} cannot see this limit, and may take {share} per cent of the memory of {node.name} "
                f"({file}): {gibibytes(least)}",
                f"Write at least {ceil_div(least, 2**20)}Mi, or place it on a smaller node",
            )
            return


def _bytes(text: str) -> int | None:
    """A size as RabbitMQ reads it up to 3.12 (rabbit_resource_monitor_misc.erl): MB has 1000s; M and MiB have 1024s."""
    found = re.fullmatch(r"([0-9]+)(?:([KMG])(I?B)?)?", text.upper())
    if not found:
        return None
    power = " KMG".index(found[2] or " ")
    return int(found[1]) * int((1000 if found[3] == "B" else 1024) ** power)


@rule(Stage.IMAGES)
def sessions_have_their_files(runs: Runs) -> Iterator[Finding]:
    """A session is an open file. containerd's own unit leaves their number to systemd since release 2."""
    runtime = runs.cluster.platform.runtime
    for run in runs:
        if run.contract.sessions and runtime.name == "containerd" and runtime.open_files is None:
            yield Finding(
                ("platform", "runtime", "open_files"),
                None,
                f"without this number systemd gives {_BY_SYSTEMD:,} open files to a container, and {run.image} needs "
                f"{run.contract.sessions.files} for each session ({run.contract.sessions.file})",
                "Write open_files: 1048576",
            )


@rule(Stage.IMAGES)
def probes_wait_for_the_start(runs: Runs) -> Iterator[Finding]:
    """A container is not ended while it still may be starting."""
    startup_probes = runs.cluster.platform.kubernetes.startup_probes
    for run in runs:
        needed = run.contract.starts_within
        container = run.container
        key = "startup" if container.startup and startup_probes else "liveness"
        probe = getattr(container, key)
        if needed is None or run.job or probe is None:
            continue
        waits = probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", _PERIOD) * probe.get(
            "failureThreshold", _FAILURES
        )
        if waits < needed:
            yield Finding(
                (*run.path, key),
                None,
                f"the image may take {needed} s before it answers, and this probe ends it after {waits} s",
                f"Write a larger {'failureThreshold' if key == 'startup' else 'initialDelaySeconds'}",
            )
