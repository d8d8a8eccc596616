"""What Prometheus evaluates: recorded series and alerts, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.cluster.types import Cluster


@dataclass(frozen=True)
class Recording:
    """The series `name` with the value of `expr`; `labels` are put on top."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self, _: Cluster) -> dict[str, Any]:
        found: dict[str, Any] = {"record": self.name, "expr": self.expr}
        if self.labels:
            found["labels"] = dict(self.labels)
        return found


@dataclass(frozen=True)
class Alert:
    """Fires while `expr` has a value, after the wait that the inventory gives.

    `<bound>` in `expr` is the inventory's number. `meaning` says what is seen, `way_out` what to
    do; both may use Prometheus' templates.
    """

    name: str
    expr: str
    summary: str
    meaning: str
    way_out: str

    def rule(self, cluster: Cluster) -> dict[str, Any]:
        limit = cluster.monitored.alerts[self.name]
        return {
            "alert": self.name,
            "expr": self.expr.replace("<bound>", str(limit.bound)),
            "for": f"{limit.wait}s",
            "labels": {"severity": limit.severity},
            "annotations": {"summary": self.summary, "description": f"{self.meaning} {self.way_out}"},
        }


def window(cluster: Cluster, job: str) -> str:
    """Time over which rates are taken: five minutes, and never less than four scrapes."""
    return f"{max(300, 4 * cluster.monitored.interval_of(job))}s"
