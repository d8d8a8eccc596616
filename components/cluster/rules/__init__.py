"""Cross-field rules: each takes a Cluster and yields what breaks it."""

from . import capacity, hosts, placement, ports, scale, storage

RULES = (
    *hosts.RULES,
    *placement.RULES,
    *scale.RULES,
    *ports.RULES,
    *storage.RULES,
    *capacity.RULES,
)
