"""NetworkPolicies of services that were changed for a test."""

from __future__ import annotations

from dataclasses import replace

from tests.changed import changed
from tests.manifests.rendering import render, some_service, with_service


def _policy(cluster, service):
    found = [
        one
        for one in render(cluster)[f"{service.name}.yml"]
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == service.name
    ]
    return found[0]["spec"] if found else None


def _called(cluster):
    """A service with a port that is used inside the cluster only."""
    return some_service(cluster, lambda one: any(_users(cluster, one, port) for port in _inner(one)))


def _inner(service):
    return [port for port in service.container.ports if not port.expose]


def _users(cluster, service, port):
    return [
        one for one in cluster.services if any((use.service, use.port) == (service.name, port.name) for use in one.uses)
    ]


def test_a_port_that_nobody_uses_admits_nobody(cluster):
    """A rule without users would admit everyone, so there is none."""
    service = _called(cluster)
    alone = replace(
        cluster,
        services=tuple(
            replace(
                one,
                uses=tuple(use for use in one.uses if use.service != service.name),
                jobs=tuple(replace(job, uses=()) for job in one.jobs),
            )
            for one in cluster.services
        ),
    )
    spec = _policy(alone, service) or {"ingress": []}
    admitted = {port["port"] for rule in spec["ingress"] for port in rule.get("ports", ())}
    assert admitted == {port.number for port in service.exposed}


def test_users_are_named_by_the_labels_of_their_pods(cluster):
    service = _called(cluster)
    port = next(port for port in _inner(service) if _users(cluster, service, port))
    rule = next(
        rule
        for rule in _policy(cluster, service)["ingress"]
        if "from" in rule and port.number in [one["port"] for one in rule.get("ports", ())]
    )
    admitted = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
    users = [dict(one.pod_labels) for one in _users(cluster, service, port)]
    assert users and all(labels in admitted for labels in users)


def test_a_user_in_another_namespace_is_looked_for_there(cluster):
    service = _called(cluster)
    port = next(port for port in _inner(service) if _users(cluster, service, port))
    user = _users(cluster, service, port)[0]
    moved = with_service(cluster, user, namespace="elsewhere")
    peers = [
        peer
        for rule in _policy(moved, service)["ingress"]
        for peer in rule.get("from", ())
        if peer["podSelector"]["matchLabels"] == dict(user.pod_labels)
    ]
    assert [peer["namespaceSelector"]["matchLabels"] for peer in peers] == [{"dojot.components/namespace": "elsewhere"}]
    denied = [one for one in render(moved)["namespace.yml"] if one["kind"] == "NetworkPolicy"]
    assert {one["metadata"]["namespace"] for one in denied} == {*cluster.namespaces, "elsewhere"}


def test_a_pod_with_the_network_of_its_node_has_no_policy(cluster):
    service = _called(cluster)
    assert _policy(with_service(cluster, service, spec=changed(service.spec, host_network=True)), service) is None
