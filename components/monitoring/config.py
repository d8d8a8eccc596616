"""prometheus.yml: who is scraped, how often, and which rules are evaluated."""

from __future__ import annotations

from typing import Any

from components.cluster.types import Cluster
from components.render import yaml_documents

from .jobs import jobs

#: Name of the file of rules, beside prometheus.yml.
RULES = "rules.yml"


def prometheus_config(cluster: Cluster) -> str:
    watch = cluster.monitored
    config: dict[str, Any] = {
        "global": {
            "scrape_interval": f"{watch.interval}s",
            "scrape_timeout": _timeout(watch.interval),
            "evaluation_interval": f"{watch.interval}s",
            "external_labels": {"cluster": cluster.name},
        },
        "rule_files": [RULES],
    }
    if watch.alertmanagers:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": list(watch.alertmanagers)}]}]}
    config["scrape_configs"] = [
        {
            "job_name": job.name,
            **(
                {
                    "scrape_interval": f"{watch.intervals[job.name]}s",
                    "scrape_timeout": _timeout(watch.intervals[job.name]),
                }
                if job.name in watch.intervals
                else {}
            ),
            **job.config,
        }
        for job in jobs(cluster)
    ]
    return yaml_documents([config])


def _timeout(interval: int) -> str:
    """Prometheus' default of 10 s, or the interval where that is shorter: it may not be longer."""
    return f"{min(10, interval)}s"
