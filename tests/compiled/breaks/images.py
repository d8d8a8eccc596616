"""Breaks of tests/compiled/checks/images.py."""

from collections.abc import Callable

from tests.compiled.breaking import breaks
from tests.compiled.checks import images
from tests.compiled.image_facts import Running, running
from tests.compiled.tree import Object, Tree, first


def _one(tree: Tree, wanted: Callable[[Running], bool]) -> Running:
    """The first container that runs on and is `wanted`. Raises Absent."""
    return first((one for one in running(tree) if one.workload.runs_on and wanted(one)), "no such image")


def _variable(one: Running, name: str) -> Object:
    return next(entry for entry in one.container["env"] if entry["name"] == name)


@breaks(images.images_are_known_or_said_to_be_unread, "neither read nor unread")
def an_image_that_nobody_looked_into(tree: Tree) -> str:
    tree.parameters["release"]["images"]["novelty"] = "dojot/novelty:v0.6.0"
    return "novelty"


@breaks(images.images_are_known_or_said_to_be_unread, "read the sources again")
def another_release(tree: Tree) -> str:
    tree.parameters["release"]["version"] = "v0.7.0"
    return "v0.7.0"


@breaks(images.images_write_where_they_may, "may not write to")
def a_user_who_does_not_own_the_code(tree: Tree) -> str:
    found = _one(tree, lambda one: one.user == 0 and bool(one.known.get("writes")))
    found.container["securityContext"].update(runAsUser=1000, runAsGroup=1000)
    return found.known["writes"][0]["path"]


@breaks(images.images_write_where_they_may, "may not write to")
def a_code_folder_that_is_read_only(tree: Tree) -> str:
    found = _one(tree, lambda one: one.user == 0 and bool(one.known.get("writes")))
    found.container["securityContext"]["readOnlyRootFilesystem"] = True
    return found.known["writes"][0]["path"]


@breaks(images.images_write_where_they_may, "may not write to /.cache/Python-Eggs")
def a_cache_in_a_home_that_is_not_there(tree: Tree) -> str:
    found = _one(tree, lambda one: one.variable("PYTHON_EGG_CACHE") is not None)
    found.container["env"].remove(_variable(found, "PYTHON_EGG_CACHE"))
    return found.container["name"]


@breaks(images.images_write_where_they_may, "may not write to")
def a_volume_for_reading_in_its_place(tree: Tree) -> str:
    found = _one(tree, lambda one: any(write.get("moved_by") for write in one.known.get("writes", ())))
    moved = next(write for write in found.known["writes"] if write.get("moved_by"))
    mount, _ = found.volume(found.place(moved))
    mount["readOnly"] = True
    return found.place(moved)


@breaks(images.nothing_grows_without_end, "grows until the pod is evicted")
def a_log_in_a_bounded_folder(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("grows")))
    found.container.pop("command")
    return found.container["name"]


@breaks(images.nothing_grows_without_end, "grows until the disk is full")
def a_log_in_a_folder_without_bounds(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("grows")))
    found.container.pop("command")
    found.container.pop("volumeMounts")
    return found.container["name"]


@breaks(images.calls_in_the_code_are_admitted, "admits it not")
def a_policy_that_knows_only_declared_users(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("calls")))
    target = found.known["calls"][0]["service"]
    policy = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == target)
    for rule in policy["spec"]["ingress"]:
        rule["from"] = [peer for peer in rule["from"] if peer["podSelector"]["matchLabels"] != found.workload.labels]
    return target


@breaks(images.calls_in_the_code_are_admitted, "a port that this Service has not")
def a_service_on_another_port(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("calls")))
    target = found.known["calls"][0]["service"]
    tree.some("Service", lambda entry: entry["metadata"]["name"] == target)["spec"]["ports"][0]["port"] = 8080
    return target


@breaks(images.who_asks_once_is_answered, "nothing waits for the answer")
def a_start_without_patience(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("asks_once")))
    found.container.pop("command")
    return found.container["name"]


@breaks(images.who_asks_once_is_answered, "nothing waits for the answer")
def a_question_past_the_script(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("asks_once")))
    _variable(found, found.known["asks_once"][0]["variable"])["value"] = "http://data-broker:80"
    return found.container["name"]


@breaks(images.who_asks_once_is_answered, "is not behind the script")
def a_script_that_asks_somebody_else(tree: Tree) -> str:
    found = _one(tree, lambda one: bool(one.known.get("asks_once")))
    _variable(found, "DATA_BROKER_ADDRESS")["value"] = "auth:5000"
    return "auth"


@breaks(images.memory_bounds_fit_the_limit, "of its limit")
def a_limit_below_the_bound(tree: Tree) -> str:
    found = _one(tree, lambda one: "memory" in one.known)
    found.container["resources"]["limits"]["memory"] = "200Mi"
    return found.container["name"]


@breaks(images.memory_bounds_fit_the_limit, "is None")
def a_bound_that_is_gone(tree: Tree) -> str:
    found = _one(tree, lambda one: "memory" in one.known)
    found.container["env"].remove(_variable(found, found.known["memory"]["variable"]))
    return found.container["name"]
