"""Which clusters a load balancer runs for: of equal ones, one is enough."""

from __future__ import annotations

from tests.conftest import ROOT
from tests.haproxy.configuration import CONFIG, SYSCTL
from tests.platforms import one_a_platform


def balancers() -> list[str]:
    """One of each platform, less those whose compiled HAProxy files (comments aside) another one has.

    And less those whose NodePorts Kubernetes chooses: here is no cluster that has chosen.
    """
    found: dict[str, str] = {}
    for name in one_a_platform():
        lines = [name]
        paths = [ROOT / "compiled" / name / "haproxy" / file for file in (CONFIG, SYSCTL)]
        if all(path.is_file() for path in paths):
            lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
        found["\n".join(line for line in lines if not line.startswith("#"))] = name
    return [name for lines, name in found.items() if ":${NODEPORT_" not in lines]
