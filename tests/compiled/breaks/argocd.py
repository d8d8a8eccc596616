"""Breaks of tests/compiled/checks/argocd.py."""

from tests.compiled.breaking import breaks
from tests.compiled.calls import calls
from tests.compiled.checks import argocd
from tests.compiled.checks.argocd import COMPARE, DELETION, HOOK, OPTIONS, WAVE
from tests.compiled.tree import Absent, Object, Tree


def _wave(found: Object, number: int) -> str:
    found["metadata"]["annotations"][WAVE] = str(number)
    return found["metadata"]["name"]


@breaks(argocd.foundations_come_first, "does not come after Namespace")
def a_namespace_with_its_objects(tree: Tree) -> str:
    found = tree.some("Namespace")
    return _wave(found, argocd.wave(tree.some("StorageClass")))


@breaks(argocd.foundations_come_first, "does not come after CustomResourceDefinition")
def a_definition_after_its_resource(tree: Tree) -> str:
    return _wave(tree.some("CustomResourceDefinition"), argocd.wave(tree.some("VerneMQ")) + 1)


@breaks(argocd.foundations_come_first, "does not come after PersistentVolume")
def volumes_after_their_pods(tree: Tree) -> str:
    return _wave(tree.some("PersistentVolume"), 1000)


@breaks(argocd.foundations_come_first, "states no sync wave")
def an_object_without_a_wave(tree: Tree) -> str:
    found = tree.some("Deployment")
    del found["metadata"]["annotations"][WAVE]
    return found["metadata"]["name"]


def _user(tree: Tree) -> tuple[Object, str]:
    """A workload whose service needs another at start, and that other."""
    for service, found in tree.manifests:
        if found["kind"] in ("Deployment", "StatefulSet"):
            for needed, call in calls(tree.parameters["services"][service]).items():
                if call.at_start:
                    return found, needed
    raise Absent("no service needs another at start")


@breaks(argocd.services_come_after_what_they_need, "which it needs at start")
def everything_at_once(tree: Tree) -> str:
    found, needed = _user(tree)
    other = next(
        entry
        for service, entry in tree.manifests
        if service == needed and entry["kind"] in ("Deployment", "StatefulSet", "VerneMQ")
    )
    return _wave(found, argocd.wave(other))


@breaks(argocd.services_come_after_what_they_need, "(wave 0) does not come after")
def a_migration_before_its_database(tree: Tree) -> str:
    found = tree.some(
        "Job",
        lambda entry: any(
            entry["metadata"]["name"] in service.get("jobs", {}) and calls(service)
            for service in tree.parameters["services"].values()
        ),
    )
    return _wave(found, 0)


@breaks(argocd.services_come_after_what_they_need, "is not in the wave of its pod")
def a_claim_before_its_pod(tree: Tree) -> str:
    found = tree.some("PersistentVolumeClaim")
    return _wave(found, argocd.wave(found) - 1)


@breaks(argocd.services_come_after_what_they_need, "comes after the pods that need it")
def a_service_after_its_pods(tree: Tree) -> str:
    found = tree.some("Service")
    return _wave(found, argocd.wave(found) + 1)


@breaks(argocd.services_come_after_what_they_need, "which mounts it")
def files_after_their_pods(tree: Tree) -> str:
    return _wave(tree.some("ConfigMap"), 1000)


@breaks(argocd.jobs_are_hooks, "must be Sync")
def a_job_that_is_no_hook(tree: Tree) -> str:
    found = tree.some("Job")
    del found["metadata"]["annotations"][HOOK]
    return found["metadata"]["name"]


@breaks(argocd.jobs_are_hooks, "must be BeforeHookCreation")
def a_job_that_stays(tree: Tree) -> str:
    found = tree.some("Job")
    found["metadata"]["annotations"][DELETION] = "HookSucceeded"
    return found["metadata"]["name"]


@breaks(argocd.jobs_are_hooks, "ttlSecondsAfterFinished")
def a_job_that_goes_by_itself(tree: Tree) -> str:
    found = tree.some("Job")
    found["spec"]["ttlSecondsAfterFinished"] = 60
    return found["metadata"]["name"]


@breaks(argocd.jobs_are_hooks, "a sync can hang")
def a_job_without_an_end(tree: Tree) -> str:
    found = tree.some("Job")
    del found["spec"]["activeDeadlineSeconds"]
    return found["metadata"]["name"]


@breaks(argocd.jobs_are_hooks, "runs before")
def a_migration_after_its_service(tree: Tree) -> str:
    names = [
        name
        for entry in tree.parameters["services"].values()
        for name, job in entry.get("jobs", {}).items()
        if job["when"] == "before"
    ]
    return _wave(tree.some("Job", lambda entry: entry["metadata"]["name"] in names), 1000)


@breaks(argocd.data_is_protected, "lacks the sync option")
def a_volume_that_may_be_pruned(tree: Tree) -> str:
    found = tree.some("PersistentVolume")
    del found["metadata"]["annotations"][OPTIONS]
    return found["metadata"]["name"]


@breaks(argocd.data_is_protected, "lacks the sync option")
def a_namespace_that_may_be_pruned(tree: Tree) -> str:
    found = tree.some("Namespace")
    found["metadata"]["annotations"][OPTIONS] = "Validate=false"
    return found["metadata"]["name"]


@breaks(argocd.what_stays_is_no_difference, "needs the compare option")
def a_volume_that_stays_as_a_difference(tree: Tree) -> str:
    found = tree.some("PersistentVolume")
    del found["metadata"]["annotations"][COMPARE]
    return found["metadata"]["name"]


@breaks(argocd.options_are_known, "does not know Delete=false")
def an_option_of_a_later_release(tree: Tree) -> str:
    tree.parameters["platform"]["argocd"]["known_sync_options"] = ["Prune"]
    found = tree.some("PersistentVolume")
    found["metadata"]["annotations"][OPTIONS] = "Prune=false,Delete=false"
    return found["metadata"]["name"]


@breaks(argocd.options_are_known, "does not know ServerSideApply=true")
def an_application_with_an_option_of_a_later_release(tree: Tree) -> str:
    known = tree.parameters["platform"]["argocd"]["known_sync_options"]
    tree.parameters["platform"]["argocd"]["known_sync_options"] = [name for name in known if name != "ServerSideApply"]
    found = tree.documents["argocd/application.yml"][0]
    found["spec"]["syncPolicy"]["syncOptions"].append("ServerSideApply=true")
    return found["metadata"]["name"]


@breaks(argocd.custom_resources_skip_the_dry_run, "lacks the sync option")
def a_custom_resource_with_a_dry_run(tree: Tree) -> str:
    found = tree.some("VerneMQ")
    del found["metadata"]["annotations"][OPTIONS]
    return found["metadata"]["name"]


@breaks(argocd.rollouts_wait_as_long_as_a_start_may_take, "the rollout counts as failed")
def a_slow_start_without_a_deadline_of_its_own(tree: Tree) -> str:
    found = tree.some("Deployment", lambda entry: "progressDeadlineSeconds" in entry["spec"])
    del found["spec"]["progressDeadlineSeconds"]
    return found["metadata"]["name"]
