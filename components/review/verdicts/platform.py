"""Kubernetes and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


def _release(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.removeprefix("v").split(".")))


@verdict(Level.DANGER)
def kubernetes_skips(change: Change) -> Iterator[Verdict]:
    """Kubernetes goes back, or more than one minor release ahead: kubeadm takes neither."""
    if not (models := change.models):
        return
    old, new = (_release(each.platform.kubernetes.version) for each in (models.before, models.after))
    if new[:2] < old[:2] or new[0] > old[0] or new[1] > old[1] + 1:
        yield Verdict(
            "kubernetes-skips",
            Level.DANGER,
            "Kubernetes",
            f"kubeadm refuses to go from {models.before.platform.kubernetes.version} to "
            f"{models.after.platform.kubernetes.version}: it upgrades by one minor release at a time, and never back",
            "One change for each minor release between, each brought to all nodes before the next",
        )


@verdict(Level.ATTENTION)
def kubernetes_upgrade(change: Change) -> Iterator[Verdict]:
    """Kubernetes is another release: no step of the first installation brings a running node there."""
    if not (models := change.models):
        return
    old, new = models.before.platform.kubernetes.version, models.after.platform.kubernetes.version
    if old != new and _release(new) > _release(old):
        yield Verdict(
            "kubernetes-upgrade",
            Level.ATTENTION,
            "Kubernetes",
            f"{old} becomes {new}: the control plane first, then node by node, each drained; a kubelet must never be "
            "newer than the API server",
            "bootstrap/README.md, 'A newer Kubernetes'",
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
