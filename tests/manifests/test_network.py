"""Services of services that were changed for a test."""

from __future__ import annotations

from tests.manifests.rendering import of_kind, render


def test_several_pods_that_are_not_on_every_node_take_traffic_from_all_nodes(cluster):
    for service in cluster.services:
        if service.exposed:
            found = next(
                one
                for one in of_kind(render(cluster), "Service")
                if one["metadata"]["name"] == service.spec.external_service
            )
            # The one pod of Kong is on the one node of its group, and HAProxy tells it whose connection it is.
            alone = len(cluster.nodes_of(service)) == 1 and any(port.proxied for port in service.exposed)
            wanted = "Local" if service.spec.one_per_node or alone else "Cluster"
            assert found["spec"]["externalTrafficPolicy"] == wanted
