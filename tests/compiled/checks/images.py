"""What the code in the images does by itself, and whether the pods let it: the facts are in images.yml."""

from __future__ import annotations

from urllib.parse import urlsplit

from components.cluster.quantity import size
from tests.compiled.image_facts import facts, running
from tests.compiled.policies import admits, policies_of
from tests.compiled.tree import Tree
from tests.compiled.workloads import selected

PATIENT = "ask-patiently.py"


def images_are_known_or_said_to_be_unread(tree: Tree) -> list[str]:
    """The facts are those of the release, and say something of each image that dojot built for it."""
    release = tree.parameters["release"]
    found = [
        f"image {key}: neither read nor unread in images.yml"
        for key, image in release["images"].items()
        if image.endswith(f":{release['version']}") and (key in facts()["read"]) + (key in facts()["unread"]) != 1
    ]
    if release["version"] != facts()["release"]:
        found.append(f"release {release['version']}: images.yml is of {facts()['release']}; read the sources again")
    return found


def images_write_where_they_may(tree: Tree) -> list[str]:
    """Each place that an image writes to is the container's user's, or a volume for writing."""
    return [
        f"{one}: user {one.user} may not write to {one.place(write)} ({one.known['source']}: {write['file']})"
        for one in running(tree)
        if one.workload.runs_on
        for write in one.known.get("writes", ())
        if not one.may_write(write)
    ]


def nothing_grows_without_end(tree: Tree) -> list[str]:
    """What an image never shortens, the start command keeps small: or it ends in an eviction, or in a full disk."""
    return [
        f"{one}: {grown['path']} grows until the {'pod is evicted' if one.volume(grown['path']) else 'disk is full'} "
        f"({one.known['source']}: {grown['file']})"
        for one in running(tree)
        if one.workload.runs_on
        for grown in one.known.get("grows", ())
        if grown["kept_small"] not in one.command
    ]


def calls_in_the_code_are_admitted(tree: Tree) -> list[str]:
    """Where an address stands in the code of an image, the pods there admit it; if the cluster has them."""
    found = []
    for one in running(tree):
        for call in one.known.get("calls", ()) if one.workload.runs_on else ():
            for service in tree.of_kind("Service"):
                if service["metadata"]["name"] != call["service"]:
                    continue
                ports = {port["port"]: port["targetPort"] for port in service["spec"].get("ports", ())}
                if call["port"] not in ports:
                    found.append(f"{one}: calls {call['service']}:{call['port']}, a port that this Service has not")
                    continue
                for target in selected(tree, service["spec"]["selector"]):
                    policies = policies_of(tree, target)
                    number = ports[call["port"]]
                    if policies and not any(admits(tree, policy, one.workload, number) for policy in policies):
                        found.append(
                            f"{one}: calls {call['service']}:{call['port']} ({call['file']}), "
                            f"and {target} admits it not"
                        )
    return found


def who_asks_once_is_answered(tree: Tree) -> list[str]:
    """What an image asks only while it starts goes through the script that waits for it, whoever comes up first."""
    found = []
    for one in running(tree):
        for asked in one.known.get("asks_once", ()) if one.workload.runs_on else ():
            where = urlsplit(one.variable(asked["variable"]) or "").hostname
            if PATIENT not in one.command or where != "127.0.0.1":
                found.append(f"{one}: asks {asked['service']} only while it starts, and nothing waits for the answer")
            names = {
                service["metadata"]["name"]
                for service in tree.of_kind("Service")
                if service["metadata"]["labels"].get("name") == asked["service"]
            }
            behind = (one.variable("DATA_BROKER_ADDRESS") or "").partition(":")[0]
            if behind not in names:
                found.append(
                    f"{one}: {asked['service']} is not behind the script that waits for it, but {behind or 'nobody'}"
                )
    return found


def memory_bounds_fit_the_limit(tree: Tree) -> list[str]:
    """What cannot see its container's limit is told a bound below it."""
    found = []
    for one in running(tree):
        memory = one.known.get("memory")
        if memory is None:
            continue
        limit = size(one.container["resources"]["limits"]["memory"])
        stated = one.variable(memory["variable"])
        if stated is None or size(stated.removesuffix("B")) * 100 > limit * memory["share"]:
            found.append(f"{one}: {memory['variable']} is {stated}, not at most {memory['share']} % of its limit")
    return found


CHECKS = (
    images_are_known_or_said_to_be_unread,
    images_write_where_they_may,
    nothing_grows_without_end,
    calls_in_the_code_are_admitted,
    who_asks_once_is_answered,
    memory_bounds_fit_the_limit,
)
