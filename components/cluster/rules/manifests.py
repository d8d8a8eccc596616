"""Objects of one's own beside those that are compiled: they can be read, have a place, and are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.inventory.finding import Finding, Path, suggest
from components.inventory.origin import Origin
from components.inventory.plain_file import Unreadable

from ..input.target import Inventory
from ..manifests import FOLDER, manifest_file
from ..types import Cluster, ManifestFile, OwnObject, Service
from .registry import Stage, rule

#: Kinds of Kubernetes that have no namespace, with those of the API server's extensions.
_CLUSTER_WIDE = {
    "APIService",
    "CSIDriver",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "ServiceCIDR",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttributesClass",
}
#: Kubernetes' own namespaces.
_OF_KUBERNETES = ("kube-system", "kube-public", "kube-node-lease")
#: Kinds that are compiled.
COMPILED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "Job",
    "Namespace",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PriorityClass",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "VerneMQ",
}


@rule(Stage.FILES)
def manifests_can_be_read(inventory: Inventory, origin: Origin) -> Iterator[Finding]:
    """Each file is there, and holds objects that have a kind and a name."""
    for index, name in enumerate(inventory.manifests):
        path = ("manifests", str(index))
        if name not in origin.texts:
            known = [each for each in origin.texts if each.endswith(".yml")]
            yield Finding(path, name, f"there is no such file in {FOLDER}", suggest(name, known))
            continue
        try:
            manifest_file(name, origin.texts[name])
        except Unreadable as error:
            rule_, _, way_out = str(error).rpartition(". ")
            yield Finding(path, name, rule_, way_out)


@rule(Stage.STRUCTURE)
def no_secrets_in_git(cluster: Cluster) -> Iterator[Finding]:
    """Whoever may read the repository may read what is in it, for ever."""
    for path, file, each in _own(cluster):
        if each.kind == "Secret" and not each.group:
            yield _finding(
                path,
                file,
                each,
                "the values of a Secret do not belong into Git",
                "Take it out, and make it with kubectl, or bring an object of which an operator makes the Secret "
                "(ExternalSecret, SealedSecret)",
            )


@rule(Stage.STRUCTURE)
def own_objects_have_a_place(cluster: Cluster) -> Iterator[Finding]:
    """A namespace where the kind has one: of the cluster, or one that is brought along."""
    brought = {each.name for _, _, each in _own(cluster) if each.kind == "Namespace" and not each.group}
    theirs = (*_OF_KUBERNETES, cluster.platform.argocd.namespace)
    places = sorted({*cluster.namespaces, *brought} - {*theirs})
    for path, file, each in _own(cluster):
        named = each.name if each.kind == "Namespace" and not each.group else each.namespace
        known = not each.group or "." not in each.group or each.group.endswith(".k8s.io")
        if known and each.kind in _CLUSTER_WIDE:
            if each.namespace is not None:
                yield _finding(path, file, each, "this kind has no namespace", "Take metadata.namespace out")
                continue
        elif each.namespace is None:
            if known:
                yield _finding(path, file, each, "metadata.namespace is missing", f"Write one: {', '.join(places)}")
            continue
        if named in theirs:
            yield _finding(
                path,
                file,
                each,
                f"{named} is the namespace of {'Kubernetes' if named in _OF_KUBERNETES else 'Argo CD'}, whose objects "
                "could change all others",
                "Choose another namespace",
            )
        elif named is not None and named not in places:
            yield _finding(
                path,
                file,
                each,
                f"there is no namespace {named} in this cluster",
                f"Use one of: {', '.join(places)}; or bring an object of kind Namespace as well",
            )


@rule(Stage.STRUCTURE)
def own_objects_are_nobody_elses(cluster: Cluster) -> Iterator[Finding]:
    """Of two manifests of one object the later one would win, now and then."""
    taken = dict(taken_names(cluster))
    seen: dict[tuple[str, str, str | None, str], str] = {}
    for path, file, each in _own(cluster):
        here = f"{FOLDER}/{file.name}:{each.line}"
        identity = (each.group, each.kind, each.namespace, each.name)
        if identity in seen:
            yield _finding(path, file, each, f"{seen[identity]} is this object too", "Keep one of them")
        seen.setdefault(identity, here)
        compiled = each.kind in COMPILED and (each.namespace is None or each.namespace in cluster.namespaces)
        if compiled and each.name in taken:
            yield _finding(
                path,
                file,
                each,
                f"a {each.kind} of this name may be compiled for {taken[each.name]}",
                "Choose another name",
            )


@rule(Stage.STRUCTURE)
def own_pods_are_no_services(cluster: Cluster) -> Iterator[Finding]:
    """A Service sends its callers to whatever pod has its labels."""
    for path, file, each in _own(cluster):
        labels = _labels_of_pods(each).items()
        for service in cluster.services:
            if each.namespace == service.namespace and service.pod_labels.items() <= labels:
                yield _finding(
                    path,
                    file,
                    each,
                    f"its pods have the labels of {service.name}, so what calls that service would reach them",
                    "Give them labels of their own",
                )


def taken_names(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Names of compiled objects, and whose they are."""
    yield from (
        (name, "the cluster")
        for name in (*cluster.namespaces, *cluster.priority_classes, cluster.storage_class, "default-deny", "default")
    )
    for service in cluster.services:
        yield from ((name, service.name) for name in _names_of(service))


def _names_of(service: Service) -> Iterator[str]:
    spec = service.spec
    for name in (service.name, *(job.name for job in service.jobs)):
        yield from (name, f"{name}-files", f"{name}-pdb")
    yield from (f"{service.name}-{place}" for place in range(1, (service.per_node or 0) + 1))
    yield from (*spec.kubernetes_services, *spec.makes, *spec.volumes)
    if spec.external_service:
        yield spec.external_service
    if spec.service_account:
        yield from (spec.service_account, f"{service.namespace}-{spec.service_account}")
    if spec.custom_resource:
        yield from (spec.custom_resource.name, "vernemqs.vernemq.com")
    for volume in service.volumes:
        yield from (disk.persistent_volume for disk in volume.disks)
        yield from (disk.claim for disk in volume.disks)


def _own(cluster: Cluster) -> Iterator[tuple[Path, ManifestFile, OwnObject]]:
    for index, file in enumerate(cluster.manifests):
        yield from ((("manifests", str(index)), file, each) for each in file.objects)


def _finding(path: Path, file: ManifestFile, each: OwnObject, rule_: str, way_out: str) -> Finding:
    return Finding(path, file.name, f"{each.kind} {each.name} ({FOLDER}/{file.name}:{each.line}): {rule_}", way_out)


def _labels_of_pods(each: OwnObject) -> Mapping[str, Any]:
    """Of the pods that an object is, or makes of its template."""
    if each.kind == "Pod":
        return _below(each.content, "metadata", "labels")
    spec = _below(each.content, "spec")
    if each.kind == "CronJob":
        spec = _below(spec, "jobTemplate", "spec")
    return _below(spec, "template", "metadata", "labels")


def _below(content: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content if isinstance(content, Mapping) else {}
