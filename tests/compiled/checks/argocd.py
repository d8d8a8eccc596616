"""What Argo CD needs to bring the manifests in, in order, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.compiled.calls import calls
from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import workloads

WAVE = "argocd.argoproj.io/sync-wave"
OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE = "argocd.argoproj.io/compare-options"
HOOK = "argocd.argoproj.io/hook"
DELETION = "argocd.argoproj.io/hook-delete-policy"
# What stands on what: each step is in an earlier wave than the next.
_STEPS = (
    {"Namespace"},
    {"StorageClass", "PriorityClass", "CustomResourceDefinition"},
    {"PersistentVolume", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy"},
)
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "VerneMQ"}
_BESIDE = {"Service", "ConfigMap", "PersistentVolumeClaim"}
# Deleting one of these takes data along.
PROTECTED = {"Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim"}


def wave(found: Object) -> int:
    """The sync wave of an object; 0 where none is stated, as for Argo CD."""
    return int(found["metadata"].get("annotations", {}).get(WAVE, 0))


def foundations_come_first(tree: Tree) -> list[str]:
    """Namespace, then classes and definitions, then volumes and rights, then services."""
    waves: list[list[tuple[int, str]]] = [[] for _ in range(len(_STEPS) + 1)]
    found = []
    for _, entry in tree.manifests:
        if WAVE not in entry["metadata"].get("annotations", {}):
            found.append(f"{name_of(entry)}: states no sync wave")
            continue
        step = next((number for number, kinds in enumerate(_STEPS) if entry["kind"] in kinds), len(_STEPS))
        waves[step].append((wave(entry), name_of(entry)))
    for earlier, later in pairwise(waves):
        if earlier and later and max(earlier)[0] >= min(later)[0]:
            found.append(
                f"{min(later)[1]} (wave {min(later)[0]}) does not come after {max(earlier)[1]} (wave {max(earlier)[0]})"
            )
    return found


def services_come_after_what_they_need(tree: Tree) -> list[str]:
    """A pod starts after every service that it cannot start without; its files and claims are there in time."""
    services, found = tree.parameters["services"], []
    running = _waves(tree, _WORKLOADS)
    for service, entries in _by_service(tree).items():
        if service not in services:
            continue
        own = running[service]
        for entry in entries:
            if entry["kind"] in _BESIDE and entry["kind"] != "ConfigMap" and wave(entry) > min(own.values()):
                found.append(f"{name_of(entry)}: comes after the pods that need it")
            # A claim of a class that waits for its pod never binds before: the sync would hang.
            if entry["kind"] == "PersistentVolumeClaim" and wave(entry) not in own.values():
                found.append(f"{name_of(entry)}: is not in the wave of its pod")
            found += _files_after(entry, entries)
        for what, place, needed in _needs(services, service, own, _waves(tree, {"Job"})[service]):
            for name, other in running.get(needed, {}).items():
                if place <= other:
                    found.append(
                        f"{what} (wave {place}) does not come after {name} (wave {other}), which it needs at start"
                    )
    return found


def _needs(
    services: dict[str, Any], service: str, own: dict[str, int], jobs: dict[str, int]
) -> Iterator[tuple[str, int, str]]:
    """(what, its wave, service needed at start)."""
    entry = services[service]
    at_start = [name for name, call in calls(entry).items() if call.at_start]
    for what, place in own.items():
        for needed in at_start:
            yield what, place, needed
    for name, job in entry.get("jobs", {}).items():
        place = jobs[f"Job {name}"]
        for needed in [*at_start, *(other for other, call in calls(job).items() if call.at_start)]:
            yield f"Job {name}", place, needed


def _files_after(entry: Object, entries: list[Object]) -> Iterator[str]:
    """ConfigMaps that come later than the pods which mount them."""
    spec = entry.get("spec", {}).get("template", {}).get("spec", {})
    mounted = {volume["configMap"]["name"] for volume in spec.get("volumes", ()) if "configMap" in volume}
    for other in entries:
        if other["kind"] == "ConfigMap" and other["metadata"]["name"] in mounted and wave(other) > wave(entry):
            yield f"{name_of(other)}: comes after {name_of(entry)}, which mounts it"


def _by_service(tree: Tree) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for service, entry in tree.manifests:
        found.setdefault(service, []).append(entry)
    return found


def _waves(tree: Tree, kinds: set[str]) -> dict[str, dict[str, int]]:
    """Service -> {object: wave} of its objects of these kinds."""
    return {
        service: {name_of(entry): wave(entry) for entry in entries if entry["kind"] in kinds}
        for service, entries in _by_service(tree).items()
    }


def jobs_are_hooks(tree: Tree) -> list[str]:
    """A Job is made anew at each sync: its template cannot be changed, and its failure fails the sync."""
    services, found = tree.parameters["services"], []
    running = _waves(tree, _WORKLOADS)
    for service, entry in tree.manifests:
        if entry["kind"] != "Job":
            continue
        name, notes = name_of(entry), entry["metadata"].get("annotations", {})
        if notes.get(HOOK) != "Sync":
            found.append(f"{name}: {HOOK} must be Sync")
        if notes.get(DELETION) != "BeforeHookCreation":
            found.append(f"{name}: {DELETION} must be BeforeHookCreation")
        if "ttlSecondsAfterFinished" in entry["spec"]:
            found.append(f"{name}: ttlSecondsAfterFinished deletes what the sync still looks at")
        if "activeDeadlineSeconds" not in entry["spec"]:
            found.append(f"{name}: without activeDeadlineSeconds a sync can hang")
        when = services[service]["jobs"][entry["metadata"]["name"]]["when"]
        for workload, place in running[service].items():
            if (wave(entry) < place) != (when == "before") or wave(entry) == place:
                found.append(f"{name}: runs {when} {workload}, but has wave {wave(entry)} against {place}")
    return found


def data_is_protected(tree: Tree) -> list[str]:
    """What holds data stays when its manifest goes."""
    wanted = set(tree.parameters["platform"]["argocd"]["protect_options"])
    return [
        f"{name_of(entry)}: lacks the sync option {option}"
        for _, entry in tree.manifests
        if entry["kind"] in PROTECTED
        for option in sorted(wanted - set(_options(entry)))
    ] + ([] if wanted else ["the platform class names no protect_options"])


def what_stays_is_no_difference(tree: Tree) -> list[str]:
    """An object that outlives its manifest would leave the Application OutOfSync, and syncing, for ever."""
    return [
        f"{name_of(entry)}: is not pruned, so it needs the compare option IgnoreExtraneous"
        for _, entry in tree.manifests
        if "Prune=false" in _options(entry) and entry["metadata"]["annotations"].get(COMPARE) != "IgnoreExtraneous"
    ]


def options_are_known(tree: Tree) -> list[str]:
    """The pinned Argo CD release ignores an option that it does not know, without a word."""
    argocd, found = tree.parameters["platform"]["argocd"], []
    for path, entry in tree.objects:
        stated = _options(entry) + list(entry.get("spec", {}).get("syncPolicy", {}).get("syncOptions", ()))
        for option in stated:
            if option.partition("=")[0] not in argocd["known_sync_options"]:
                found.append(f"{path}: {name_of(entry)}: Argo CD {argocd['version']} does not know {option}")
    return found


def custom_resources_skip_the_dry_run(tree: Tree) -> list[str]:
    """The same sync brings the definition, so a dry run before it would fail."""
    wanted = tree.parameters["platform"]["argocd"]["skip_missing"]
    kinds = {entry["spec"]["names"]["kind"] for entry in tree.of_kind("CustomResourceDefinition")}
    return [
        f"{name_of(entry)}: lacks the sync option {wanted}"
        for _, entry in tree.manifests
        if entry["kind"] in kinds and wanted not in _options(entry)
    ]


def _options(found: Object) -> list[str]:
    text = found["metadata"].get("annotations", {}).get(OPTIONS, "")
    return [option.strip() for option in text.split(",") if option]


def rollouts_wait_as_long_as_a_start_may_take(tree: Tree) -> list[str]:
    """No sync fails over a pod that its probes still let start. Kubernetes' own deadline is 600 s."""
    found = []
    for workload in workloads(tree):
        if workload.kind != "Deployment":
            continue
        deadline = workload.found["spec"].get("progressDeadlineSeconds", 600)
        for container in workload.containers:
            startup = container.get("startupProbe")
            patience = (
                startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3)
                if startup
                else container.get("livenessProbe", {}).get("initialDelaySeconds", 0)
            )
            if patience >= deadline:
                found.append(
                    f"{workload}: container {container['name']} may take {patience} s to start, and after {deadline} s "
                    "the rollout counts as failed"
                )
    return found


CHECKS = (
    foundations_come_first,
    services_come_after_what_they_need,
    jobs_are_hooks,
    data_is_protected,
    what_stays_is_no_difference,
    options_are_known,
    custom_resources_skip_the_dry_run,
    rollouts_wait_as_long_as_a_start_may_take,
)
