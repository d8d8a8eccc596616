"""Every pod asks every port of every other pod: who is answered, and who should be by the NetworkPolicies there are."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.engines.bootstrap.network import in_network
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.pods import processes

# Seconds: a packet that is not answered by then was dropped.
_PATIENCE = 3
Object = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Pod:
    """A pod with an address of its own; `process` is one of its processes, `ports` are port -> its name."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    address: str
    process: int
    ports: Mapping[int, str]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def policies_hold(made: RehearsedCluster) -> None:
    pods = list(_pods(made))
    policies, namespaces = made.get("networkpolicies", "--all-namespaces"), made.get("namespaces")
    labels = {one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in namespaces}
    # What nobody listens on refuses everyone: who asks from the pod's own network sees that.
    listening = _ask_all((pod, [(pod, port) for port in pod.ports]) for pod in pods)
    targets = sorted({(target, port) for (_, target, port), answered in listening.items() if answered}, key=str)
    answers = _ask_all((pod, [each for each in targets if each[0] is not pod]) for pod in pods)
    admitted = 0
    for (source, target, port), answered in answers.items():
        wanted = _admits(policies, labels, source, target, port)
        admitted += wanted
        if answered != wanted:
            made.report.fail(
                f"{source} {'reaches' if answered else 'does not reach'} port {port} of {target}: by the "
                f"NetworkPolicies it is {'admitted' if wanted else 'refused'}"
            )
    made.report.figure(
        "pairs of pods and ports", f"{len(answers)}: {admitted} admitted, {len(answers) - admitted} refused"
    )


def _pods(made: RehearsedCluster) -> Iterator[Pod]:
    known = processes()
    for one in made.get("pods", "--all-namespaces", "--field-selector=status.phase=Running"):
        metadata, spec = one["metadata"], one["spec"]
        process = known.get(metadata["uid"])
        if spec.get("hostNetwork"):
            continue
        if process is None:
            made.report.fail(f"{metadata['namespace']}/{metadata['name']} runs, and no process of it is found")
            continue
        ports = {
            port["containerPort"]: port.get("name", "")
            for container in spec["containers"]
            for port in container.get("ports", ())
            if port.get("protocol", "TCP") == "TCP"
        }
        yield Pod(
            metadata["namespace"], metadata["name"], metadata.get("labels", {}), one["status"]["podIP"], process, ports
        )


def _ask_all(questions: Iterable[tuple[Pod, list[tuple[Pod, int]]]]) -> dict[tuple[Pod, Pod, int], bool]:
    """(who asks, whom, at which port) -> was there an answer?"""
    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(
            lambda each: (each[0], each[1], in_network(each[0].process, lambda: asyncio.run(_ask(each[1])))), questions
        )
        return {
            (source, target, port): answered
            for source, targets, answers in asked
            for (target, port), answered in zip(targets, answers, strict=True)
        }


async def _ask(targets: list[tuple[Pod, int]]) -> list[bool]:
    return list(await asyncio.gather(*(_answers(target.address, port) for target, port in targets)))


async def _answers(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), _PATIENCE)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _admits(policies: Iterable[Object], namespaces: Mapping[str, Object], source: Pod, target: Pod, port: int) -> bool:
    """As Kubernetes defines it: a pod that a policy selects admits what a rule of one of them names."""
    selecting = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == target.namespace
        and "Ingress" in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], target.labels)
    ]
    return not selecting or any(
        _names_port(rule, target, port)
        and ("from" not in rule or any(_is_peer(peer, namespaces, source, target) for peer in rule["from"]))
        for spec in selecting
        for rule in spec.get("ingress", ())
    )


def _names_port(rule: Object, target: Pod, port: int) -> bool:
    return "ports" not in rule or any(each["port"] in (port, target.ports[port]) for each in rule["ports"])


def _is_peer(peer: Object, namespaces: Mapping[str, Object], source: Pod, target: Pod) -> bool:
    if block := peer.get("ipBlock"):
        address = ipaddress.ip_address(source.address)
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(hole) for hole in block.get("except", ())
        )
    if "namespaceSelector" in peer:
        home = _selects(peer["namespaceSelector"], namespaces[source.namespace])
    else:
        home = source.namespace == target.namespace
    return home and _selects(peer.get("podSelector", {}), source.labels)


def _selects(selector: Object, labels: Object) -> bool:
    if selector.get("matchExpressions"):
        raise NotImplementedError("matchExpressions: tell this check what they mean")
    return selector.get("matchLabels", {}).items() <= labels.items()


CHECKS = (policies_hold,)
