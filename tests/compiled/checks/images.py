"""What the code in the images does by itself, and whether the pods let it: the facts are in inventory/contracts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from components.cluster.quantity import size
from tests.compiled.image_facts import Running, running
from tests.compiled.policies import admits, policies_of
from tests.compiled.tree import Tree
from tests.compiled.workloads import selected

PATIENT = "ask-patiently.py"


def images_write_where_they_may(tree: Tree) -> list[str]:
    """Each place that an image writes to is the container's user's, or a volume for writing."""
    return [
        f"{one}: user {one.user} may not write to {one.place(write)} ({one.known['source']}: {write['file']})"
        for one in running(tree)
        # The operator gives its brokers a volume of its own.
        if one.main and one.workload.kind != "VerneMQ"
        for write in one.known.get("writes", ())
        if not one.may_write(write)
    ]


def nothing_grows_without_end(tree: Tree) -> list[str]:
    """What an image never shortens, the start command keeps small: or it ends in an eviction, or in a full disk."""
    return [
        f"{one}: {grown['path']} grows until the {'pod is evicted' if one.volume(grown['path']) else 'disk is full'} "
        f"({one.known['source']}: {grown['file']})"
        for one in running(tree)
        if one.main
        for grown in one.known.get("writes", ())
        if grown.get("grows") and not any(part in one.command for part in grown.get("kept_small", ()))
    ]


def calls_of_images_are_admitted(tree: Tree) -> list[str]:
    """Whom an image calls, by its code or by its variables, admits it there; if the cluster has it."""
    found = []
    for one in running(tree):
        for call in one.known.get("calls", ()) if one.main else ():
            for host, port in _called(one, call):
                for service in tree.of_kind("Service"):
                    if service["metadata"]["name"] == host.split(".")[0]:
                        found += _answer(tree, one, call, service, port)
    return found


def _called(one: Running, call: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    if one.has(call.get("variable", "")) and one.variable(call["variable"]) is None:
        return  # a Secret's
    apart = one.variable(call.get("port_variable"))
    for text in (one.variable(call.get("variable")) or call["service"]).split(","):
        where = urlsplit(text.removeprefix("jdbc:") if "://" in text else f"//{text}")
        usual = {"http": 80, "https": 443}.get(where.scheme, call["port"])
        # History puts the port behind what it calls an address.
        name = re.sub(r".*@", "", where.netloc).partition(":")
        yield name[0], int(name[2] or apart or usual)


def _answer(tree: Tree, one: Running, call: Mapping[str, Any], service: Any, port: int) -> Iterator[str]:
    name = service["metadata"]["name"]
    spec = service["spec"]
    ports = {entry["port"]: entry["targetPort"] for entry in spec.get("ports", ())}
    if spec.get("clusterIP") == "None":
        # It leads to the pods themselves, whatever it lists.
        ports.setdefault(port, port)
    if port not in ports:
        yield f"{one}: calls {name}:{port}, a port that this Service has not"
        return
    for target in selected(tree, spec["selector"]) if spec.get("selector") else ():
        policies = policies_of(tree, target)
        if target.name == one.workload.name or not policies:
            continue
        if not any(admits(tree, policy, one.workload, ports[port]) for policy in policies):
            yield f"{one}: calls {name}:{port} ({call['file']}), and {target} admits it not"


def who_asks_once_is_answered(tree: Tree) -> list[str]:
    """What an image asks only while it starts goes through the script that waits for it, whoever comes up first."""
    found = []
    for one in running(tree):
        for asked in one.known.get("calls", ()) if one.main else ():
            if asked["when"] != "once":
                continue
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
        memory = one.known.get("memory", {})
        if "variable" not in memory:
            continue
        limit = size(one.container["resources"]["limits"]["memory"])
        stated = one.variable(memory["variable"])
        if stated is None or size(stated.removesuffix("B")) * 100 > limit * memory["share"]:
            found.append(f"{one}: {memory['variable']} is {stated}, not at most {memory['share']} % of its limit")
    return found


def variables_are_read(tree: Tree) -> list[str]:
    """The image reads each variable, or the pod's own texts name it: commands, probes, scripts, other variables."""
    found = []
    for one in running(tree):
        if "variables" not in one.known:
            continue
        texts = f"{one.container.get('command')} {one.container.get('args')} {_scripts(tree, one)}"
        texts += "".join(str(one.container.get(f"{probe}Probe")) for probe in ("readiness", "liveness", "startup"))
        texts += "".join(str(entry.get("value")) for entry in one.env if "$(" in str(entry.get("value")))
        for entry in one.env:
            name = entry["name"]
            # A script may count them.
            said = re.sub(r"_\d+_", r"_\\S+_", name)
            if not one.reads(name) and not re.search(rf"\b{said}\b", texts):
                found.append(f"{one}: {one.container['image']} does not read {name}")
    return found


def required_variables_are_there(tree: Tree) -> list[str]:
    """What an image does not start without, it has, or its start command makes."""
    return [
        f"{one}: {one.container['image']} needs {name}"
        for one in running(tree)
        if one.main
        for read in one.known.get("variables", {}).values()
        for name, entry in read.items()
        if isinstance(entry, dict) and entry.get("required") and not one.has(name) and name not in one.command
    ]


def declared_ports_are_opened(tree: Tree) -> list[str]:
    """A port of a container is one that its image opens; scripts of ours open those that they are told."""
    return [
        f"{one}: port {port['containerPort']} is opened by nobody"
        for one in running(tree)
        if "opens" in one.known
        for port in one.container.get("ports", ())
        if port["containerPort"] not in one.opened()
        and str(port["containerPort"]) not in (entry.get("value") for entry in one.env if not one.reads(entry["name"]))
        and not re.search(rf"\b{port['containerPort']}\b", " ".join(one.container.get("command", ())))
    ]


def images_run_as_they_can(tree: Tree) -> list[str]:
    """A container's user and group are among those that its image names, where it names any."""
    found = []
    for one in running(tree):
        user = one.known.get("user", {})
        if one.workload.kind == "VerneMQ":
            continue  # the operator says which
        context = one.container["securityContext"]
        mine = f"{context['runAsUser']}:{context['runAsGroup']}"
        if user.get("others", "any") != "any" and mine not in (user["own"], *user["others"]):
            found.append(f"{one}: {one.container['image']} cannot run as {mine}")
    return found


def _scripts(tree: Tree, one: Running) -> str:
    names = {volume["configMap"]["name"] for volume in one.workload.spec.get("volumes", ()) if "configMap" in volume}
    return "".join(str(entry["data"]) for entry in tree.of_kind("ConfigMap") if entry["metadata"]["name"] in names)


CHECKS = (
    images_write_where_they_may,
    nothing_grows_without_end,
    calls_of_images_are_admitted,
    who_asks_once_is_answered,
    memory_bounds_fit_the_limit,
    variables_are_read,
    required_variables_are_there,
    declared_ports_are_opened,
    images_run_as_they_can,
)
