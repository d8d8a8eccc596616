"""Kubernetes and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator

from components.compile import upgrades

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


@verdict(Level.DANGER)
def kubernetes_skips(change: Change) -> Iterator[Verdict]:
    """Kubernetes goes back, or more than one minor release ahead: no step does either."""
    if not (models := change.models):
        return
    old, new = (each.platform.kubernetes.version for each in (models.before, models.after))
    if why := upgrades.hindrance(old, new):
        yield Verdict(
            "kubernetes-skips",
            Level.DANGER,
            "Kubernetes",
            f"No cluster goes from {old} to {new}: {why}",
            "One change for each minor release between, each brought to all nodes before the next",
        )


@verdict(Level.ATTENTION)
def kubernetes_upgrade(change: Change) -> Iterator[Verdict]:
    """Kubernetes is a newer release, which the step upgrade brings to node after node."""
    if not (models := change.models):
        return
    old, new = models.before.platform.kubernetes.version, models.after.platform.kubernetes.version
    if old != new and upgrades.hindrance(new, old):
        yield Verdict(
            "kubernetes-upgrade",
            Level.ATTENTION,
            "Kubernetes",
            f"{old} becomes {new}: the control plane first, then node by node, each drained; a kubelet must never be "
            "newer than the API server",
            "bootstrap.sh upgrade on the control plane, then on one node after the other: bootstrap/README.md, "
            "'A newer Kubernetes'",
        )


@verdict(Level.DANGER)
def runtime_changed(change: Change) -> Iterator[Verdict]:
    """Containers run under another program: all pods of a node end when it changes."""
    if not (models := change.models):
        return
    before, after = models.before.platform, models.after.platform
    for what, old, new in (
        ("platform.runtime", before.runtime.name, after.runtime.name),
        ("platform.pod_network", before.pod_network.name, after.pod_network.name),
    ):
        if old != new:
            yield Verdict(
                "runtime-changed",
                Level.DANGER,
                what,
                f"{new} takes the place of {old}: a node's pods do not live through it, and the bootstrap does not do "
                "it on a node that runs",
                "Drain a node, delete it from Kubernetes, set it up anew, and go on with the next",
            )


@verdict(Level.DANGER)
def subnet_changed(change: Change) -> Iterator[Verdict]:
    """Pods or Services get other addresses, which a cluster keeps for its life."""
    if not (models := change.models):
        return
    before, after = models.before.platform, models.after.platform
    for what, old, new in (
        ("platform.pod_network.cidr", before.pod_network.cidr, after.pod_network.cidr),
        ("platform.kubernetes.service_subnet", before.kubernetes.service_subnet, after.kubernetes.service_subnet),
    ):
        if old != new:
            yield Verdict(
                "subnet-changed",
                Level.DANGER,
                what,
                f"A cluster that runs keeps {old}: kubeadm writes it once, and nothing moves what is there to {new}",
                "Leave it, or build the cluster anew",
            )
