"""Names in an inventory that must exist elsewhere in it.

Works on parameters that fit the schema; what passes can be built into a Cluster.
"""

from __future__ import annotations

from typing import Any

from ..finding import Finding
from .calls import (
    addresses_lead_somewhere, cycles, excludes, made_pods_have_callers, plugins_lead_somewhere, routes, uses,
)
from .environment import databases, derived, files, provided_secrets, secret_files, secrets, variables
from .groups import broker_count, brokers, daemons, groups
from .monitoring import reachable_metrics, watcher
from .objects import metrics, names, ports, probes
from .switches import email, encrypted_routes

CHECKS = (
    groups, daemons, brokers, broker_count, excludes, uses, addresses_lead_somewhere, made_pods_have_callers,
    plugins_lead_somewhere, cycles, ports, probes, metrics, names, secrets, provided_secrets, secret_files, variables,
    derived, databases, routes, files, email, encrypted_routes, watcher, reachable_metrics,
)


def findings(parameters: dict[str, Any]) -> list[Finding]:
    """Every name that leads nowhere; empty when all are found."""
    return [finding for check in CHECKS for finding in check(parameters)]
