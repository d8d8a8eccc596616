"""Data that are left behind, or lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.cluster.types import Cluster, Disk, Service, Volume
from components.page.words import amount

from ..change import Change
from ..registry import verdict
from ..types import Level, Verdict


def _disks(cluster: Cluster) -> Mapping[tuple[str, str], tuple[Service, Volume, Disk]]:
    """(Namespace, claim) -> what it is bound to."""
    return {(service.namespace, disk.claim): (service, volume, disk) for service, volume, disk in cluster.disks}


@verdict(Level.DANGER)
def volume_moved(change: Change) -> Iterator[Verdict]:
    """A volume has another directory or machine: data do not move along."""
    if not (models := change.models):
        return
    before, after = _disks(models.before), _disks(models.after)
    for key in sorted(before.keys() & after.keys()):
        service, _, old = before[key]
        new = after[key][2]
        if (old.node.name, old.host_path) != (new.node.name, new.host_path):
            yield Verdict(
                "volume-moved",
                Level.DANGER,
                f"PersistentVolumeClaim/{old.claim}",
                f"The claim stays with {old.node.name}:{old.host_path}, and so do the data of {service.name}; "
                f"{new.node.name}:{new.host_path} is not used until the claim is made anew",
                f"On {new.node.name} run the step volumes. Stop {service.name}, copy the directory if it is to be "
                f"kept, then kubectl -n {service.namespace} delete pvc {old.claim}, and sync",
            )


@verdict(Level.DANGER)
def volume_shrunk(change: Change) -> Iterator[Verdict]:
    """A volume is smaller than before: nobody takes away what it holds already."""
    if not (models := change.models):
        return
    before, after = _disks(models.before), _disks(models.after)
    for key in sorted(before.keys() & after.keys()):
        service, _, old = before[key]
        new = after[key][2]
        if new.size < old.size:
            yield Verdict(
                "volume-shrunk",
                Level.DANGER,
                f"PersistentVolumeClaim/{old.claim}",
                f"{service.name} may keep {amount(new.size)} instead of {amount(old.size)} in {old.host_path} of "
                f"{old.node.name}: what it has beyond that stays, or goes where a limit of its own follows the size",
                f"Look first how much it holds: du -sh {old.host_path} on {old.node.name}",
            )


@verdict(Level.DANGER)
def volume_gone(change: Change) -> Iterator[Verdict]:
    """A volume is no more: its data stay on the machine, and nobody reads them."""
    if not (models := change.models):
        return
    before, after = _disks(models.before), _disks(models.after)
    for key in sorted(before.keys() - after.keys()):
        service, _, disk = before[key]
        yield Verdict(
            "volume-gone",
            Level.DANGER,
            f"PersistentVolumeClaim/{disk.claim}",
            f"{service.name} loses what it has in {disk.host_path} of {disk.node.name}: directory, claim and "
            "PersistentVolume stay, and no pod mounts them",
            f"When the data are not needed any more: kubectl -n {service.namespace} delete pvc {disk.claim}, "
            f"kubectl delete pv {disk.persistent_volume}, and remove the directory",
        )


@verdict(Level.DANGER)
def set_removed(change: Change) -> Iterator[Verdict]:
    """A set of pods with a state of their own is taken away."""
    for found in change.of_kind("StatefulSet", "VerneMQ", how="removed"):
        yield Verdict(
            "set-removed",
            Level.DANGER,
            str(found.identity),
            f"Argo CD deletes it, and its {found.identity.kind} controller all its pods; claims and volumes stay"
            if found.identity.kind == "StatefulSet"
            else "Argo CD deletes it, and the operator all brokers; claims and volumes stay",
        )


@verdict(Level.DANGER)
def namespace_changed(change: Change) -> Iterator[Verdict]:
    """All objects stand in another namespace: a second platform begins empty, beside the data of the first."""
    if (models := change.models) and models.before.namespace != models.after.namespace:
        yield Verdict(
            "namespace-changed",
            Level.DANGER,
            f"Namespace/{models.before.namespace}",
            f"Argo CD deletes every workload in {models.before.namespace} and makes new ones in "
            f"{models.after.namespace}, whose claims find no volume: each is bound to a claim of the old namespace",
            "Make a new cluster beside it, or leave the namespace as it is",
        )


@verdict(Level.ATTENTION)
def protected_removed(change: Change) -> Iterator[Verdict]:
    """Objects go from Git that Argo CD does not delete."""
    kept: dict[str, list[str]] = {}
    for found in change.objects:
        annotations = (found.before or {}).get("metadata", {}).get("annotations", {})
        if found.how == "removed" and "Prune=false" in annotations.get("argocd.argoproj.io/sync-options", ""):
            kept.setdefault(found.identity.kind, []).append(found.identity.name)
    for kind, names in kept.items():
        yield Verdict(
            "protected-removed",
            Level.ATTENTION,
            kind,
            f"Argo CD leaves {', '.join(names)} in the cluster, and shows no difference",
            f"Once nobody needs them: kubectl delete {kind.lower()} NAME",
        )


@verdict(Level.DANGER)
def kept_hours_changed(change: Change) -> Iterator[Verdict]:
    """Messages are to be kept for another time, which the database was told once, when it made its index."""
    if not (models := change.models):
        return
    old = {service.name: service.spec.stores for service in models.before.services}
    for service in models.after.services:
        before, after = old.get(service.name), service.spec.stores
        if before and after and before.hours != after.hours:
            yield Verdict(
                "kept-hours-changed",
                Level.DANGER,
                f"Service/{service.name}",
                f"What {after.service} holds keeps its time of {before.hours} hours; {service.name} asks for "
                f"{after.hours}, and where that stands in an index it does not start",
                "First in the database: docs/switches.md, 'Another retention on a running cluster'",
            )


@verdict(Level.ATTENTION)
def topics_keep(change: Change) -> Iterator[Verdict]:
    """Topics that are there keep the partitions and copies with which they were made."""
    if not (models := change.models) or not models.before.brokers:
        return
    old, new = models.before.scale.kafka, models.after.scale.kafka
    if old.partitions != new.partitions:
        yield Verdict(
            "topics-keep",
            Level.ATTENTION,
            "Kafka/partitions",
            f"Topics of now keep {old.partitions} partitions, and only new ones get {new.partitions}: "
            + (
                "bridges beyond that number have nothing to read"
                if new.partitions > old.partitions
                else "the bridges that are left share them"
            ),
            f"After the sync, for each topic of devices: kafka-topics.sh --alter --partitions {new.partitions}"
            if new.partitions > old.partitions
            else "",
        )
    if old.replication != new.replication:
        yield Verdict(
            "topics-keep",
            Level.ATTENTION,
            "Kafka/replication",
            f"Partitions of now keep {old.replication} of {new.replication} copies: none moves to another server by "
            "itself",
            "After the sync: kafka-reassign-partitions.sh, for every topic, Kafka's own among them",
        )
