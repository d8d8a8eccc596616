"""Every link of the page leads to a file of the repository."""

from __future__ import annotations


def test_links_are_relative_and_exist(page, compiled):
    assert page.links
    for target in page.links:
        assert "://" not in target
        assert (compiled / target).exists(), target


def test_every_service_links_to_its_manifests(cluster, page):
    assert {f"manifests/{service.name}.yml" for service in cluster.services} <= set(page.links)
