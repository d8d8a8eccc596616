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
            wanted = "Local" if service.spec.one_per_node else "Cluster"
            assert found["spec"]["externalTrafficPolicy"] == wanted
