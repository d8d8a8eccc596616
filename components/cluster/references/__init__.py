"""Names in an inventory that must exist elsewhere in it.

Works on parameters that fit the schema; what passes can be built into a Cluster.
"""

from __future__ import annotations

from typing import Any

from ..finding import Finding
from ..origin import Origin
from .calls import addresses_lead_somewhere, cycles, excludes, made_pods_have_callers, uses
from .environment import databases, derived, files, provided_secrets, secret_files, secrets, variables
from .gateway import known_plugins, plugins_lead_somewhere, route_paths, routes
from .groups import broker_count, brokers, daemons, groups
from .monitoring import reachable_metrics, watcher
from .objects import metrics, names, ports, probes
from .switches import email, encrypted_routes
from .unread import unread_names, unread_secrets

CHECKS = (
    groups,
    daemons,
    brokers,
    broker_count,
    excludes,
    uses,
    addresses_lead_somewhere,
    made_pods_have_callers,
    plugins_lead_somewhere,
    cycles,
    ports,
    probes,
    metrics,
    names,
    secrets,
    provided_secrets,
    secret_files,
    variables,
    derived,
    databases,
    routes,
    route_paths,
    known_plugins,
    files,
    email,
    encrypted_routes,
    watcher,
    reachable_metrics,
    unread_secrets,
)
#: Asked of the files as well, since only they say who refers to what.
IN_FILES = (unread_names,)


def findings(parameters: dict[str, Any], origin: Origin) -> list[Finding]:
    """Every name that leads nowhere; empty when all are found."""
    found = [finding for check in CHECKS for finding in check(parameters)]
    return found + [finding for check in IN_FILES for finding in check(parameters, origin)]
