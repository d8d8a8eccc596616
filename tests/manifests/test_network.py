"""Services and NetworkPolicies of services that were changed for a test."""

from __future__ import annotations

from dataclasses import replace

from tests.manifests.rendering import render, some_service, with_service


def _policy(cluster, service):
    found = [one for one in render(cluster)[f"{service.name}.yml"] if one["kind"] == "NetworkPolicy"]
    return found[0]["spec"] if found else None


def _restricted(cluster):
    return some_service(cluster, lambda one: any(port.restricted for port in one.container.ports))


def test_a_port_that_nobody_uses_admits_nobody(cluster):
    """A rule without users would admit everyone, so there is none."""
    service = _restricted(cluster)
    numbers = {port.number for port in service.container.ports if port.restricted}
    alone = replace(cluster, services=tuple(
        replace(
            one, uses=tuple(use for use in one.uses if use.service != service.name),
            jobs=tuple(replace(job, uses=()) for job in one.jobs),
        )
        for one in cluster.services
    ))
    spec = _policy(alone, service)
    assert spec["policyTypes"] == ["Ingress"]
    open_ports = {port["port"] for rule in spec["ingress"] for port in rule["ports"]}
    assert not numbers & open_ports


def test_other_ports_of_a_guarded_pod_stay_open(cluster):
    service = some_service(
        cluster, lambda one: 0 < sum(port.restricted for port in one.container.ports) < len(one.container.ports)
    )
    free = {port.number for port in service.container.ports if not port.restricted}
    rules = [rule for rule in _policy(cluster, service)["ingress"] if "from" not in rule]
    assert [{port["port"] for port in rule["ports"]} for rule in rules] == [free]


def test_users_are_named_by_the_labels_of_their_pods(cluster):
    service = _restricted(cluster)
    port = next(port for port in service.container.ports if port.restricted)
    users = [
        dict(one.pod_labels) for one in cluster.services
        if any((use.service, use.port) == (service.name, port.name) for use in one.uses)
    ]
    rule = next(rule for rule in _policy(cluster, service)["ingress"] if rule["ports"][0]["port"] == port.number)
    admitted = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
    assert users and all(labels in admitted for labels in users)


def test_nothing_restricted_no_policy(cluster):
    service = _restricted(cluster)
    ports = tuple(replace(port, restricted=False) for port in service.container.ports)
    changed = with_service(cluster, service, container=replace(service.container, ports=ports))
    assert _policy(changed, service) is None


def test_several_pods_that_are_not_on_every_node_take_traffic_from_all_nodes(cluster):
    for service in cluster.services:
        if service.exposed:
            found = next(
                one for one in render(cluster)[f"{service.name}.yml"] if one["metadata"]["name"] == service.external_service
            )
            wanted = "Local" if service.one_per_node else "Cluster"
            assert found["spec"]["externalTrafficPolicy"] == wanted
