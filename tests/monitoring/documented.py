"""The alerts as docs/monitoring.md lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.cluster.input.monitoring import Alerts
from components.cluster.types import Cluster
from components.monitoring.alerts import alerts

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_VALUE = re.compile(r"\{\{ \$value[^}]*\}\}")


def sections(cluster: Cluster) -> Iterator[str]:
    """One table an area, with the words that Prometheus gives; what it fills in is written *so*."""
    for area, found in alerts(cluster).items():
        yield f"### {area.capitalize()}\n\n| Alert | Default | Means | Way out |\n|---|---|---|---|\n" + "".join(
            f"| `{alert.name}` | {_numbers(alert.name)} | {_plain(alert.summary)}. {_plain(alert.meaning)} | {_plain(alert.way_out)} |\n"
            for alert in found
        )


def _numbers(name: str) -> str:
    severity, wait, *bound = Alerts().by_name[name].model_dump().items()
    return ", ".join([severity[1], *(f"{key} {number}" for key, number in bound), f"for {wait[1]} s"])


def _plain(text: str) -> str:
    return _VALUE.sub("*number*", _LABEL.sub(r"*\1*", text.replace("}}{{", "}} or {{"))).replace("|", "\\|")
