"""Pods that have to be started again in time."""

from __future__ import annotations

from components.cluster.runs import Runs
from components.cluster.types import Cluster

from .markdown import code
from .words import count


def rows(cluster: Cluster) -> list[tuple[str, ...]]:
    """Service, days, what comes to its end, and the command; the soonest first."""
    found = []
    for run in Runs(cluster):
        if (lifetime := run.contract.works_for) and not run.job:
            service = run.service
            workload = f"{service.kind.lower()}/{service.name}"
            command = code(f"kubectl -n {service.namespace} rollout restart {workload}")
            found.append((lifetime.days, service.title, lifetime.of, command))
    return [(title, count(days), of, command) for days, title, of, command in sorted(found)]
