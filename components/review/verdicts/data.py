"""Data that are left behind, or lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.cluster.types import Cluster, Disk, Service, Volume
from components.page.words import amount

from ..change import Change
from ..objects import is_kept
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
                _ways_to_move(service, old, new, gone=old.node.name not in {node.name for node in models.after.nodes}),
            )


def _ways_to_move(service: Service, old: Disk, new: Disk, gone: bool) -> str:
    if gone:
        return (
            f"On {new.node.name} run the step volumes. What {old.node.name} has is to be copied as long as it runs "
            "(docs/switches.md#volumes). After the merge, on the control plane: "
            f"bootstrap.sh forget --gone {old.node.name}, which makes the claim anew: docs/operations.md, "
            "'A machine is lost for good'"
        )
    return (
        f"On {new.node.name} run the step volumes. Stop {service.name}, copy the directory if it is to be kept, then "
        f"kubectl -n {service.namespace} delete pvc {old.claim}, and sync"
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


@verdict(Level.ATTENTION)
def database_new(change: Change) -> Iterator[Verdict]:
    """A service asks for a database of a server that has made its own, once, and makes no other."""
    if not (models := change.models):
        return
    had = {_database(service) for service in models.before.services}
    for server in models.before.services:
        asking = [
            service.name
            for service in models.after.services
            if (database := _database(service)) and database[0] == server.name and database not in had
        ]
        # One without a volume begins anew with the change, and makes all.
        if asking and any(volume.disks for volume in server.volumes):
            script = next(f"{file.mount}/{file.name}" for file in server.files if file.mount.endswith(".d"))
            yield Verdict(
                "database-new",
                Level.ATTENTION,
                f"Service/{server.name}",
                f"{server.title} makes databases and roles while its directory is empty, and never again: "
                f"{', '.join(asking)} cannot log in",
                f"After the sync, when its new pod is ready: kubectl -n {server.namespace} exec {server.name}-0 -- "
                f"bash {script}. It makes what is missing and leaves the rest",
            )


def _database(service: Service) -> tuple[str, str] | None:
    """Server and name of the one that a service is given."""
    found = service.spec.database
    return (found.server, found.name) if found else None


@verdict(Level.DANGER)
def set_removed(change: Change) -> Iterator[Verdict]:
    """A set of pods with a state of their own is taken away."""
    for found in change.of_kind("StatefulSet", "VerneMQ", how="removed"):
        if found in change.left:
            continue
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
    """All objects stand in another namespace: a second platform starts in the directories of the first."""
    if (models := change.models) and models.before.namespace != models.after.namespace:
        yield Verdict(
            "namespace-changed",
            Level.DANGER,
            f"Namespace/{models.before.namespace}",
            f"Argo CD makes a second platform in {models.after.namespace}, whose volumes lead to the same directories, "
            f"while that in {models.before.namespace} goes on: two servers write into one directory",
            "Leave the namespace as it is, or make a new cluster beside it",
        )


@verdict(Level.ATTENTION)
def protected_removed(change: Change) -> Iterator[Verdict]:
    """Objects go from Git that Argo CD does not delete."""
    kept: dict[str, list[str]] = {}
    for found in change.objects:
        if found.how == "removed" and found.before and is_kept(found.before):
            kept.setdefault(found.identity.kind, []).append(found.identity.name)
    for kind, names in kept.items():
        yield Verdict(
            "protected-removed",
            Level.ATTENTION,
            kind,
            f"Argo CD leaves {', '.join(names)} in the cluster, and shows no difference"
            + ("; a claim that is made anew may take one of them" if kind == "PersistentVolume" else ""),
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
