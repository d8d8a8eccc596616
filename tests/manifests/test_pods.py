"""Containers: rights, scratch directories, files and where values come from."""

from __future__ import annotations

from dataclasses import replace

from components.cluster.input.container import Security
from components.cluster.types import EnvVar, File
from components.manifests import pods
from tests.manifests.rendering import some_service


def _rights(user, **more):
    return Security(user=user, group=user, read_only_root=True, **more)


def _container(cluster, **changes):
    return replace(some_service(cluster, lambda one: one.kind == "Deployment").container, **changes)


def test_rights_are_dropped_and_only_named_ones_come_back(cluster):
    spec = pods.container_spec(cluster, _container(cluster, security=_rights(0, capabilities=("CHOWN",))))[
        "securityContext"
    ]
    assert spec["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    assert (spec["runAsUser"], spec["runAsNonRoot"], spec["readOnlyRootFilesystem"]) == (0, False, True)
    assert spec["allowPrivilegeEscalation"] is False


def test_writable_paths_are_bounded_directories_of_their_own(cluster):
    container = _container(cluster, name="web", security=_rights(1, writable=("/tmp", "/var/cache_files/")))
    mounts = pods.container_spec(cluster, container)["volumeMounts"]
    volumes = pods.scratch_volumes([container])
    assert [mount["mountPath"] for mount in mounts] == ["/tmp", "/var/cache_files/"]
    assert [mount["name"] for mount in mounts] == [volume["name"] for volume in volumes]
    assert [volume["name"] for volume in volumes] == ["scratch-web-tmp", "scratch-web-var-cache-files"]
    assert all(volume["emptyDir"]["sizeLimit"] for volume in volumes)


def test_files_of_one_folder_are_mounted_once_and_cannot_be_written(cluster):
    files = (File("a", "a", "/scripts", "text"), File("b", "b", "/scripts", "text"))
    mounts = pods.container_spec(cluster, _container(cluster, security=_rights(1)), (), files, "owner")["volumeMounts"]
    assert mounts == [{"name": "owner-files", "mountPath": "/scripts", "readOnly": True}]
    volume = pods.files_volumes("owner", files)[0]["configMap"]
    assert volume["name"] == "owner-files" and volume["defaultMode"] & 0o222 == 0


def test_each_folder_has_only_its_own_files(cluster):
    files = (
        File("a", "a", "/scripts", "text"),
        File("b", "b", "/settings", "text"),
        File("c", "c", "/scripts", "text"),
    )
    mounts = pods.container_spec(cluster, _container(cluster, security=_rights(1)), (), files, "owner")["volumeMounts"]
    assert {mount["name"]: mount["mountPath"] for mount in mounts} == {
        "owner-files-1": "/scripts",
        "owner-files-2": "/settings",
    }
    volumes = {volume["name"]: volume["configMap"] for volume in pods.files_volumes("owner", files)}
    assert {volume["name"] for volume in volumes.values()} == {"owner-files"}
    assert [item["path"] for item in volumes["owner-files-1"]["items"]] == ["a", "c"]
    assert [item["path"] for item in volumes["owner-files-2"]["items"]] == ["b"]


def test_values_come_from_text_secrets_or_the_pod():
    found = pods.environment(
        [
            EnvVar("A", value=""),
            EnvVar("B", secret="s", key="k"),
            EnvVar("C", field="metadata.name"),
        ]
    )
    assert found == [
        {"name": "A", "value": ""},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "C", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
    ]


def test_the_digest_sees_names_and_contents():
    digest = pods.pod_annotations
    assert digest({}) == digest(None) == {}
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"})
    assert len({str(digest(one)) for one in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {"a": "1", "b": ""})}) == 4
