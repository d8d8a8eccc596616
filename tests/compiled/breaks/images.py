"""Breaks of tests/compiled/checks/images.py."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.compiled.breaking import breaks
from tests.compiled.checks import images
from tests.compiled.image_facts import Running, running
from tests.compiled.tree import Object, Tree, first


def _one(tree: Tree, wanted: Callable[[Running], bool]) -> Running:
    """The first container that runs on and is `wanted`. Raises Absent."""
    return first((one for one in running(tree) if one.main and wanted(one)), "no such image")


def _variable(one: Running, name: str) -> Object:
    return next(entry for entry in one.container["env"] if entry["name"] == name)


def _writes(one: Running, wanted: str = "path") -> Iterator[Mapping[str, Any]]:
    return (write for write in one.known.get("writes", ()) if write.get(wanted))


def _of_root(one: Running) -> bool:
    return one.user == 0 and any(not write.get("anyone") for write in _writes(one))


def _asks_once(one: Running) -> bool:
    return any(call["when"] == "once" for call in one.known.get("calls", ()))


def _calls_by_code(one: Running) -> bool:
    return any("variable" not in call for call in one.known.get("calls", ()))


def _bounded(one: Running) -> bool:
    return "variable" in one.known.get("memory", {})


@breaks(images.images_write_where_they_may, "may not write to")
def a_user_who_does_not_own_the_code(tree: Tree) -> str:
    found = _one(tree, _of_root)
    found.container["securityContext"].update(runAsUser=1000, runAsGroup=1000)
    return next(_writes(found))["path"]


@breaks(images.images_write_where_they_may, "may not write to")
def a_code_folder_that_is_read_only(tree: Tree) -> str:
    found = _one(tree, _of_root)
    found.container["securityContext"]["readOnlyRootFilesystem"] = True
    return next(_writes(found))["path"]


@breaks(images.images_write_where_they_may, "may not write to /.cache/Python-Eggs")
def a_cache_in_a_home_that_is_not_there(tree: Tree) -> str:
    found = _one(tree, lambda one: one.has("PYTHON_EGG_CACHE"))
    found.container["env"].remove(_variable(found, "PYTHON_EGG_CACHE"))
    return found.container["name"]


@breaks(images.images_write_where_they_may, "may not write to")
def a_volume_for_reading_in_its_place(tree: Tree) -> str:
    found = _one(tree, lambda one: any(one.volume(one.place(write)) for write in _writes(one, "moved_by")))
    moved = next(_writes(found, "moved_by"))
    mount, _ = found.volume(found.place(moved)) or ({}, {})
    mount["readOnly"] = True
    return found.place(moved)


@breaks(images.nothing_grows_without_end, "grows until the pod is evicted")
def a_log_in_a_bounded_folder(tree: Tree) -> str:
    found = _one(tree, lambda one: any(_writes(one, "grows")))
    found.container.pop("command")
    return found.container["name"]


@breaks(images.nothing_grows_without_end, "grows until the disk is full")
def a_log_in_a_folder_without_bounds(tree: Tree) -> str:
    found = _one(tree, lambda one: any(_writes(one, "grows")))
    found.container.pop("command")
    found.container.pop("volumeMounts")
    return found.container["name"]


@breaks(images.calls_of_images_are_admitted, "admits it not")
def a_policy_that_knows_only_declared_users(tree: Tree) -> str:
    found = _one(tree, _calls_by_code)
    target = next(call["service"] for call in found.known["calls"] if "variable" not in call)
    policy = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == target)
    for rule in policy["spec"]["ingress"]:
        rule["from"] = [peer for peer in rule["from"] if peer["podSelector"]["matchLabels"] != found.workload.labels]
    return target


@breaks(images.calls_of_images_are_admitted, "admits it not")
def a_policy_without_who_is_told_an_address(tree: Tree) -> str:
    found = _one(tree, lambda one: one.has("AUTH_KONG_URL"))
    policy = tree.some("NetworkPolicy", lambda entry: entry["metadata"]["name"] == "kong")
    for rule in policy["spec"]["ingress"]:
        if "from" in rule:
            rule["from"] = [
                peer for peer in rule["from"] if peer.get("podSelector", {}).get("matchLabels") != found.workload.labels
            ]
    return "kong"


@breaks(images.calls_of_images_are_admitted, "a port that this Service has not")
def a_service_on_another_port(tree: Tree) -> str:
    found = _one(tree, _calls_by_code)
    target = next(call["service"] for call in found.known["calls"] if "variable" not in call)
    tree.some("Service", lambda entry: entry["metadata"]["name"] == target)["spec"]["ports"][0]["port"] = 8080
    return target


@breaks(images.who_asks_once_is_answered, "nothing waits for the answer")
def a_start_without_patience(tree: Tree) -> str:
    found = _one(tree, _asks_once)
    found.container.pop("command")
    return found.container["name"]


@breaks(images.who_asks_once_is_answered, "nothing waits for the answer")
def a_question_past_the_script(tree: Tree) -> str:
    found = _one(tree, _asks_once)
    _variable(found, "DATA_BROKER_URL")["value"] = "http://data-broker:80"
    return found.container["name"]


@breaks(images.who_asks_once_is_answered, "is not behind the script")
def a_script_that_asks_somebody_else(tree: Tree) -> str:
    found = _one(tree, _asks_once)
    _variable(found, "DATA_BROKER_ADDRESS")["value"] = "auth:5000"
    return "auth"


@breaks(images.memory_bounds_fit_the_limit, "of its limit")
def a_limit_below_the_bound(tree: Tree) -> str:
    found = _one(tree, _bounded)
    found.container["resources"]["limits"]["memory"] = "200Mi"
    return found.container["name"]


@breaks(images.memory_bounds_fit_the_limit, "is None")
def a_bound_that_is_gone(tree: Tree) -> str:
    found = _one(tree, _bounded)
    found.container["env"].remove(_variable(found, found.known["memory"]["variable"]))
    return found.container["name"]


@breaks(images.variables_are_read, "does not read")
def a_variable_with_another_name(tree: Tree) -> str:
    found = _one(tree, lambda one: one.has("AUTH_KONG_URL"))
    _variable(found, "AUTH_KONG_URL")["name"] = "AUTH_KONG_ADDRESS"
    return "AUTH_KONG_ADDRESS"


@breaks(images.required_variables_are_there, "needs")
def a_variable_that_is_gone(tree: Tree) -> str:
    found = _one(tree, lambda one: one.has("ZOOKEEPER_CLIENT_PORT"))
    found.container["env"].remove(_variable(found, "ZOOKEEPER_CLIENT_PORT"))
    return "ZOOKEEPER_CLIENT_PORT"


@breaks(images.declared_ports_are_opened, "is opened by nobody")
def a_port_of_another_image(tree: Tree) -> str:
    found = _one(tree, lambda one: one.has("AUTH_KONG_URL"))
    found.container["ports"][0]["containerPort"] = 5999
    return "5999"


@breaks(images.images_run_as_they_can, "cannot run as")
def a_user_whom_the_image_does_not_know(tree: Tree) -> str:
    found = _one(tree, lambda one: one.known.get("user", {}).get("others") != "any" and one.workload.kind != "VerneMQ")
    found.container["securityContext"].update(runAsUser=4711, runAsGroup=4711)
    return "4711"
