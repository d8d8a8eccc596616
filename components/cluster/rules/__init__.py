"""Cross-field rules: each takes a Cluster and yields what breaks it.

CAPACITY is asked only of a cluster that STRUCTURE accepts: with nodes missing,
every sum would be wrong as well, and hide what is really to do. So it is with
MONITORING: what does not fit would ring an alert, too.
"""

from . import capacity, containers, hosts, monitoring, placement, ports, scale, storage

STRUCTURE = (
    *hosts.RULES,
    *placement.RULES,
    *scale.RULES,
    *ports.RULES,
    *storage.RULES,
    *containers.RULES,
)
CAPACITY = capacity.RULES
MONITORING = monitoring.RULES
