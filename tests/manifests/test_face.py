"""The files of the face, and what a change of the cluster does to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.cluster.quantity import binary
from components.manifests.files import files as manifests
from tests.manifests.rendering import of_kind, render, some_service, with_platform, with_service


def test_one_file_for_each_service(cluster):
    expected = {f"{service.name}.yml" for service in cluster.services} | {"namespace.yml"}
    if cluster.disks:
        expected.add("storage-class.yml")
    if any(service.spec.priority for service in cluster.services):
        expected.add("priority-classes.yml")
    if any(service.kind == "VerneMQ" for service in cluster.services):
        expected.add("vernemq-crd.yml")
    assert set(manifests(cluster)) == expected


def test_the_same_cluster_gives_the_same_bytes(cluster):
    assert manifests(cluster) == manifests(cluster)


def test_no_file_is_there_without_its_service(cluster):
    kept = tuple(service for service in cluster.services if service.kind != "VerneMQ")
    rendered = render(replace(cluster, services=kept))
    assert "vernemq-crd.yml" not in rendered
    assert not of_kind(rendered, "VerneMQ", "CustomResourceDefinition")


def test_the_namespace_is_everywhere(cluster):
    services = tuple(replace(service, namespace="elsewhere") for service in cluster.services)
    rendered = render(replace(cluster, namespace="elsewhere", services=services))
    stated = {found["metadata"].get("namespace") for objects in rendered.values() for found in objects}
    assert stated == {"elsewhere", None}
    assert of_kind(rendered, "Namespace")[0]["metadata"]["name"] == "elsewhere"
    for volume in of_kind(rendered, "PersistentVolume"):
        assert volume["spec"]["claimRef"]["namespace"] == "elsewhere"
    for binding in of_kind(rendered, "RoleBinding"):
        assert binding["subjects"][0]["namespace"] == "elsewhere"


def test_a_newer_release_keeps_to_the_node_by_its_own_means(cluster):
    before = of_kind(render(with_platform(cluster, same_node_routing="topologyKeys")), "Service")
    after = of_kind(render(with_platform(cluster, same_node_routing="internalTrafficPolicy")), "Service")
    assert not any("topologyKeys" in found["spec"] for found in after)
    old = {found["metadata"]["name"] for found in before if "topologyKeys" in found["spec"]}
    new = {found["metadata"]["name"] for found in after if found["spec"].get("internalTrafficPolicy") == "Local"}
    same_node = {entry.name for service in cluster.services for entry in service.kubernetes_services if entry.same_node}
    assert old == new == same_node


def test_api_versions_follow_the_platform(cluster):
    old = of_kind(
        render(with_platform(cluster, api_versions={"PodDisruptionBudget": "policy/v1beta1"})), "PodDisruptionBudget"
    )
    new = of_kind(render(with_platform(cluster, api_versions={})), "PodDisruptionBudget")
    assert {found["apiVersion"] for found in old} == {"policy/v1beta1"}
    assert {found["apiVersion"] for found in new} == {"policy/v1"}


def test_an_api_server_without_rbac_gets_no_roles(cluster):
    assert of_kind(render(replace(cluster, rbac=True)), "Role")
    assert not of_kind(render(replace(cluster, rbac=False)), "Role", "RoleBinding")


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "VerneMQ"])
def test_a_volume_that_is_not_kept(kind, cluster):
    """No claim and no PersistentVolume, but the pod still has its directory."""
    try:
        service = some_service(
            cluster, lambda one: one.kind == kind and any(volume.persistent for volume in one.volumes)
        )
    except LookupError as nothing:
        pytest.skip(str(nothing))
    volumes = tuple(replace(volume, persistent=False, disks=()) for volume in service.volumes)
    objects = render(with_service(cluster, service, volumes=volumes))[f"{service.name}.yml"]
    assert not [found for found in objects if found["kind"].startswith("PersistentVolume")]
    workload = next(found for found in objects if found["kind"] == kind)
    if kind == "VerneMQ":
        assert workload["spec"]["storage"] == {"emptyDir": {"sizeLimit": binary(volumes[0].size)}}
        return
    assert "volumeClaimTemplates" not in workload["spec"]
    directories = {one["name"] for one in workload["spec"]["template"]["spec"]["volumes"] if "emptyDir" in one}
    assert {volume.name for volume in volumes} <= directories


def test_changed_files_make_new_pods(cluster, monkeypatch):
    """The digest of mounted files is part of the pod template."""
    from components.manifests import workloads

    service = some_service(cluster, lambda one: one.files and one.kind != "VerneMQ")

    def digest() -> str:
        objects = render(cluster)[f"{service.name}.yml"]
        template = next(found for found in objects if found["kind"] == service.kind)["spec"]["template"]
        return template["metadata"]["annotations"]["dojot.components/files"]

    before = digest()
    written = workloads.contents
    monkeypatch.setattr(
        workloads,
        "contents",
        lambda cluster, files: {name: text + "#" for name, text in written(cluster, files).items()},
    )
    assert digest() != before
