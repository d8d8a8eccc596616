"""The VerneMQ custom resource, from which the operator makes the brokers' StatefulSet."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from components.cluster.input.service import Erlang
from components.cluster.quantity import binary
from components.cluster.types import Cluster, Service

from . import pods
from .metadata import metadata
from .placement import affinity
from .storage import claim_template


def custom_resource(cluster: Cluster, service: Service) -> dict[str, Any]:
    resource = service.spec.custom_resource
    assert resource, "a VerneMQ without one is refused"
    base_image, tag = _base_and_tag(service.container.image)
    spec: dict[str, Any] = {
        "size": service.replicas,
        "baseImage": base_image,
        "tag": tag,
        # The operator reads the version even where a tag is given.
        "version": resource.version,
        "bundlerImage": resource.bundler_image,
        "serviceAccountName": service.spec.service_account,
        "affinity": affinity(cluster, service.group, service.pod_labels),
        "resources": pods.resources(service.container),
        "securityContext": {
            "fsGroup": service.spec.security.fs_group,
            "runAsGroup": service.container.security.group,
            "runAsNonRoot": True,
            "runAsUser": service.container.security.user,
        },
        "terminationGracePeriodSeconds": service.spec.grace_period,
        "env": [*pods.environment(service.container.env), {"name": "VERNEMQ_CONF", "value": _conf(resource.conf)}],
        "vmArgs": _vm_args(resource.erlang),
        "config": {
            "configs": [{"name": name, "value": value} for name, value in resource.configs.items()],
            "listeners": _listeners(service),
            "plugins": [],
        },
    }
    if service.spec.priority:
        spec["priorityClassName"] = service.spec.priority
    persistent = [volume for volume in service.volumes if volume.persistent]
    spec["storage"] = (
        {"volumeClaimTemplate": claim_template(cluster, persistent[0])}
        if persistent
        else {"emptyDir": {"sizeLimit": binary(service.volumes[0].size)} if service.volumes else {}}
    )
    return {
        "apiVersion": "vernemq.com/v1alpha1",
        "kind": "VerneMQ",
        "metadata": metadata(
            resource.name,
            service.wave,
            namespace=service.namespace,
            labels={"vernemq": resource.name},
            options=(cluster.platform.argocd.skip_missing,),
        ),
        "spec": spec,
    }


def _base_and_tag(image: str) -> tuple[str, str]:
    """The operator joins them by a colon, so a tag may have a digest behind it, or be that of one alone."""
    folder, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag


def _vm_args(bounds: Erlang) -> str:
    """Lines of vm.args. The operator's own come before them, and of two the later one holds."""
    return f"+P {bounds.processes}\n-env ERL_MAX_PORTS {bounds.ports}\n"


def _conf(settings: Mapping[str, Any]) -> str:
    """vernemq.conf, encoded as the broker's start command expects it."""
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    return base64.b64encode(text.encode()).decode()


def _listeners(service: Service) -> list[dict[str, Any]]:
    """Listeners that VerneMQ opens while it runs; TLS (8883) is part of vernemq.conf."""
    listeners = []
    for port in service.container.ports:
        if port.listener:
            listener: dict[str, Any] = {"address": "0.0.0.0", "port": port.number}
            if port.listener == "websocket":
                listener["websocket"] = True
            listeners.append(listener)
    return listeners
