"""From the parameters of a target to a judged, immutable Cluster."""

from __future__ import annotations

from typing import Any

from . import references, schema, switches
from .build import build
from .causes import causes
from .finding import Finding, InvalidInventory
from .origin import Origin
from .rules import CAPACITY, MONITORING, STRUCTURE
from .types import Cluster


def load(parameters: dict[str, Any], origin: Origin) -> Cluster:
    """Check `parameters` and derive the Cluster.

    Five gates, each of which reports all that it finds: the schema (keys and
    shapes), the references (names that must exist), the rules of structure, of
    capacity, and of monitoring. A gate is passed only by an inventory without findings. What is switched
    off is judged by the schema alone.

    Raises InvalidInventory.
    """
    _refuse(schema.findings(parameters, origin.written), origin)
    parameters = switches.applied(parameters)
    _refuse(references.findings(parameters, origin), origin)
    cluster = build(parameters)
    for rules in (STRUCTURE, CAPACITY, MONITORING):
        _refuse([finding for rule in rules for finding in rule(cluster)], origin)
    return cluster


def _refuse(found: list[Finding], origin: Origin) -> None:
    if found:
        raise InvalidInventory(causes(found, origin), origin)
