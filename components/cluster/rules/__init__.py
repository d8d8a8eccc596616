"""Cross-field rules: each takes a Cluster and yields what breaks it.

CAPACITY is asked only of a cluster that STRUCTURE accepts: with nodes missing,
every sum would be wrong as well, and hide what is really to do.
"""

from . import capacity, containers, hosts, monitoring, placement, ports, scale, storage

STRUCTURE = (
    *hosts.RULES, *placement.RULES, *scale.RULES, *ports.RULES, *storage.RULES, *containers.RULES, *monitoring.RULES,
)
CAPACITY = capacity.RULES
