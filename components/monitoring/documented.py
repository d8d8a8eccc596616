"""The alerts as docs/monitoring.md lists them."""

from __future__ import annotations

import re

from components.cluster.input.monitoring import Alerts
from components.cluster.types import Cluster

from .alerts import alerts

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_VALUE = re.compile(r"\{\{ \$value[^}]*\}\}")


def tables(cluster: Cluster) -> str:
    """One an area, with the words that Prometheus gives; what it fills in is written *so*."""
    lines: list[str] = []
    for area, found in alerts(cluster).items():
        lines += [f"### {area.capitalize()}", "", "| Alert | Default | Means | Way out |", "|---|---|---|---|"]
        for alert in found:
            means = f"{_plain(alert.summary)}. {_plain(alert.meaning)}"
            lines.append(f"| `{alert.name}` | {_numbers(alert.name)} | {means} | {_plain(alert.way_out)} |")
        lines.append("")
    return "\n".join(lines)


def _numbers(name: str) -> str:
    severity, wait, *bound = Alerts().by_name[name].model_dump().items()
    return ", ".join([severity[1], *(f"{key} {number}" for key, number in bound), f"for {wait[1]} s"])


def _plain(text: str) -> str:
    return _VALUE.sub("*number*", _LABEL.sub(r"*\1*", text.replace("}}{{", "}} or {{"))).replace("|", "\\|")
