"""The custom resource of the brokers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.manifests.vernemq import custom_resource
from tests.compiled.workloads import broker_config
from tests.manifests.rendering import of_kind, render, some_service, with_service


@pytest.fixture
def brokers(cluster):
    if not any(one.kind == "VerneMQ" for one in cluster.services):
        pytest.skip("a cluster without brokers")
    return some_service(cluster, lambda one: one.kind == "VerneMQ")


def _resource(cluster):
    return of_kind(render(cluster), "VerneMQ")[0]


def test_the_configuration_arrives_whole(cluster, brokers):
    settings = brokers.spec.custom_resource.conf
    assert broker_config(_resource(cluster)).splitlines() == [f"{key} = {value}" for key, value in settings.items()]


def test_listeners_follow_the_ports(cluster, brokers):
    without = tuple(port for port in brokers.container.ports if port.listener != "tcp")
    changed = replace(brokers, container=replace(brokers.container, ports=without))
    listeners = custom_resource(cluster, changed)["spec"]["config"]["listeners"]
    assert [(one["port"], one.get("websocket", False)) for one in listeners] == [
        (port.number, port.listener == "websocket") for port in without if port.listener
    ]


def test_the_image_is_split_at_its_tag(cluster, brokers):
    image = "registry.example.org:5000/dojot/vernemq:v9"
    spec = _resource(with_service(cluster, brokers, container=replace(brokers.container, image=image)))["spec"]
    assert (spec["baseImage"], spec["tag"]) == ("registry.example.org:5000/dojot/vernemq", "v9")


def test_brokers_never_share_a_node(cluster, brokers):
    terms = _resource(cluster)["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert terms == [
        {"labelSelector": {"matchLabels": dict(brokers.pod_labels)}, "topologyKey": "kubernetes.io/hostname"}
    ]
