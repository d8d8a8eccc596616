"""Breaks of tests/compiled/checks/abilities.py."""

import re

from tests.compiled.bootstrap_values import SCRIPT, scalar, table
from tests.compiled.breaking import breaks
from tests.compiled.checks import abilities, containers
from tests.compiled.tree import Absent, Tree, first


def _needs(tree: Tree, ability: str) -> None:
    if getattr(tree.cluster.platform.kubernetes, ability) in (False, "none"):
        raise Absent(f"the platform has no {ability}")


@breaks(abilities.pods_state_a_seccomp_profile, "seccompProfile is None")
def a_pod_without_a_profile(tree: Tree) -> str:
    _needs(tree, "seccomp")
    found = tree.some("Deployment")
    del found["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
    return found["metadata"]["name"]


@breaks(abilities.pods_state_a_seccomp_profile, "seccompProfile is None")
def a_pod_network_without_a_profile(tree: Tree) -> str:
    _needs(tree, "seccomp")
    found = first(
        (one for path, one in tree.objects if path.startswith("bootstrap/") and one["kind"] == "DaemonSet"),
        "no pod network",
    )
    del found["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
    return found["metadata"]["name"]


def _slow(tree: Tree) -> tuple[str, dict]:
    _needs(tree, "startup_probes")
    found = tree.some("StatefulSet", lambda entry: "startupProbe" in entry["spec"]["template"]["spec"]["containers"][0])
    return found["metadata"]["name"], found["spec"]["template"]["spec"]["containers"][0]


@breaks(containers.ports_and_probes_are_those_of_the_inventory, "startupProbe is None")
def a_slow_starter_that_is_killed(tree: Tree) -> str:
    name, container = _slow(tree)
    del container["startupProbe"]
    return name


@breaks(containers.ports_and_probes_are_those_of_the_inventory, "livenessProbe is")
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


@breaks(abilities.brokers_may_open_a_file_for_each_session, "neither its package nor the bootstrap says")
def a_runtime_without_a_limit(tree: Tree) -> str:
    given = scalar(tree.files, "RUNTIME_OPEN_FILES")
    if not given:
        raise Absent("the packages bring a limit")
    _exchange(tree, f"RUNTIME_OPEN_FILES={given}\n", "RUNTIME_OPEN_FILES=''\n")
    return tree.parameters["platform"]["runtime"]["service"]


@breaks(abilities.brokers_may_open_a_file_for_each_session, "open files, containerd gives 4096")
def a_runtime_with_too_low_a_limit(tree: Tree) -> str:
    word = _broker(tree)
    given = scalar(tree.files, "RUNTIME_OPEN_FILES")
    if not given:
        raise Absent("the packages bring a limit")
    _exchange(tree, f"RUNTIME_OPEN_FILES={given}\n", "RUNTIME_OPEN_FILES=4096\n")
    return word


@breaks(abilities.brokers_may_open_a_file_for_each_session, "verify is content with 1024")
def a_verification_that_asks_for_too_little(tree: Tree) -> str:
    word = _broker(tree)
    asked = table(tree.files, "BROKERS")[0][4]
    _exchange(tree, f"|{asked}'\n", "|1024'\n")
    return word


@breaks(abilities.brokers_may_open_a_file_for_each_session, "are not VerneMQ")
def brokers_that_verify_forgets(tree: Tree) -> str:
    word = _broker(tree)
    tree.files[SCRIPT] = re.sub(
        r"^readonly BROKERS=\(.*?^\)", "readonly BROKERS=(\n)", tree.files[SCRIPT], flags=re.M | re.S
    )
    return word


def _broker(tree: Tree) -> str:
    return tree.some("VerneMQ")["metadata"]["name"]


def _exchange(tree: Tree, old: str, new: str) -> None:
    assert tree.files[SCRIPT].count(old) == 1, old
    tree.files[SCRIPT] = tree.files[SCRIPT].replace(old, new)
