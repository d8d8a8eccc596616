"""Machines, and the labels by which pods find them."""

from __future__ import annotations

from collections.abc import Iterator

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


@verdict(Level.DANGER)
def group_label_changed(change: Change) -> Iterator[Verdict]:
    """Pods look for nodes by a label that the nodes do not carry yet."""
    if not (models := change.models):
        return
    before, after = models.before, models.after
    groups = before.groups.keys() & after.groups.keys()
    relabelled = before.group_label != after.group_label
    for name in sorted(groups):
        if not relabelled and before.groups[name].label == after.groups[name].label:
            continue
        yield Verdict(
            "group-label-changed",
            Level.DANGER,
            f"Group/{name}",
            f"New pods of this group stay Pending until its nodes carry {after.group_label}="
            f"{after.groups[name].label}; those that run stay, until something restarts them",
            "Before the merge, on the control plane: bootstrap.sh labels",
        )
    group = {node.name: node.group for node in before.nodes}
    for name in sorted(node.name for node in after.nodes if group.get(node.name, node.group) != node.group):
        yield Verdict(
            "group-label-changed",
            Level.DANGER,
            f"Node/{name}",
            "It is in another group. Its pods stay until something restarts them, and then look for the old group; "
            "volumes on it stay where they are",
            f"kubectl drain {name}, then on the control plane: bootstrap.sh labels",
        )


@verdict(Level.DANGER)
def node_gone(change: Change) -> Iterator[Verdict]:
    """A machine is no more in the inventory, and Kubernetes still has it."""
    if not (models := change.models):
        return
    left = {node.name for node in models.after.nodes}
    for node in models.before.nodes:
        if node.name not in left:
            yield Verdict(
                "node-gone",
                Level.DANGER,
                f"Node/{node.name}",
                "Nothing takes it out of Kubernetes: its pods run on until someone does, and volumes on it are lost "
                "with it",
                f"If it runs: kubectl drain {node.name} --ignore-daemonsets --delete-emptydir-data, and switch it off. "
                f"After the merge, on the control plane: bootstrap.sh forget --gone {node.name}. Only then the step "
                "node on the others, whose firewalls close to it: docs/operations.md, 'A machine is lost for good'",
            )


@verdict(Level.ATTENTION)
def node_new(change: Change) -> Iterator[Verdict]:
    """A machine that has to join before pods can stand on it."""
    if not (models := change.models):
        return
    known = {node.name for node in models.before.nodes}
    for node in models.after.nodes:
        if node.name not in known:
            yield Verdict(
                "node-new",
                Level.ATTENTION,
                f"Node/{node.name}",
                f"Pods that are to stand on it stay Pending until it has joined as {node.name} ({node.address}) in "
                f"group {node.group}",
                "Run the steps that this review names for it before the merge",
            )


@verdict(Level.DANGER)
def node_readdressed(change: Change) -> Iterator[Verdict]:
    """A machine has another address: certificates, the kubelet and HAProxy's servers hold the old one."""
    if not (models := change.models):
        return
    old = {node.name: node.address for node in models.before.nodes}
    for node in models.after.nodes:
        if (address := old.get(node.name, node.address)) != node.address:
            control = node in models.after.control_planes
            yield Verdict(
                "node-readdressed",
                Level.DANGER,
                f"Node/{node.name}",
                "The API server's certificate and every kubelet name the old address, so no node reaches it at "
                f"{node.address}"
                if control
                else f"HAProxy and the firewalls of the others expect it at {node.address}; its kubelet reports "
                f"{address} until it is started with the new one",
                "The address of a control plane cannot change: build the cluster anew, or keep the address"
                if control
                else "Change the machine's address, restart its kubelet, then run the steps that this review names",
            )
