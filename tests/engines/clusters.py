"""Which clusters engines run for: of those that differ in nothing but their size, one is enough."""

from __future__ import annotations

import yaml

from tests.conftest import CLUSTERS, ROOT
from tests.haproxy.configuration import CONFIG, SYSCTL
from tests.platforms import one_a_platform

#: First words of classes that make a cluster larger, and no other one.
_SIZES = ("availability.", "hardware.", "scale.")


def at_work() -> list[str]:
    """Of clusters with the same services on the same platform, the one with the fewest machines."""
    found: dict[tuple[str, ...], tuple[int, str]] = {}
    for name in CLUSTERS:
        classes, machines = _target(name)
        alike = tuple(one for one in classes if not one.startswith(_SIZES))
        found[alike] = min((machines, name), found.get(alike, (machines, name)))
    return sorted(name for _, name in found.values())


def largest() -> str:
    """The cluster with the most machines."""
    return max(CLUSTERS, key=lambda name: (_target(name)[1], name))


def _target(name: str) -> tuple[list[str], int]:
    """Classes, in the order that does not count, and how many machines."""
    target = yaml.safe_load((ROOT / "inventory" / "targets" / f"{name}.yml").read_text("utf-8"))
    return sorted(target["classes"]), len(target["parameters"]["cluster"]["nodes"])


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
