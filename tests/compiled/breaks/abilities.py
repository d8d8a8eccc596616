"""Breaks of tests/compiled/checks/abilities.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks import abilities
from tests.compiled.tree import Absent, Tree


def _needs(tree: Tree, ability: str) -> None:
    if tree.cluster.platform.kubernetes[ability] in (False, "none"):
        raise Absent(f"the platform has no {ability}")


@breaks(abilities.pods_state_a_seccomp_profile, "seccompProfile is None")
def a_pod_without_a_profile(tree: Tree) -> str:
    _needs(tree, "seccomp")
    found = tree.some("Deployment")
    del found["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
    return found["metadata"]["name"]


def _slow(tree: Tree) -> tuple[str, dict]:
    _needs(tree, "startup_probes")
    found = tree.some(
        "StatefulSet", lambda entry: "startupProbe" in entry["spec"]["template"]["spec"]["containers"][0]
    )
    return found["metadata"]["name"], found["spec"]["template"]["spec"]["containers"][0]


@breaks(abilities.startup_probes_replace_waiting, "lacks the startup probe")
def a_slow_starter_that_is_killed(tree: Tree) -> str:
    name, container = _slow(tree)
    del container["startupProbe"]
    return name


@breaks(abilities.startup_probes_replace_waiting, "and then once more")
def a_slow_starter_that_waits_twice(tree: Tree) -> str:
    name, container = _slow(tree)
    container["livenessProbe"]["initialDelaySeconds"] = 240
    return name


@breaks(abilities.pods_meet_the_namespaces_standard, "the platform class says baseline")
def a_namespace_that_enforces_too_much(tree: Tree) -> str:
    _needs(tree, "pod_security")
    found = tree.some("Namespace")
    found["metadata"]["labels"][abilities.ENFORCE] = "restricted"
    return found["metadata"]["name"]


@breaks(abilities.pods_meet_the_namespaces_standard, "NET_ADMIN is above baseline")
def a_container_above_the_standard(tree: Tree) -> str:
    _needs(tree, "pod_security")
    found = tree.some("Deployment")
    capabilities = found["spec"]["template"]["spec"]["containers"][0]["securityContext"]["capabilities"]
    capabilities["add"] = ["NET_ADMIN"]
    return found["metadata"]["name"]
