"""The CustomResourceDefinition of VerneMQ: a strict structural schema.

It describes what this repository writes, field by field as the operator's Go types
name them (vernemq/vmq-operator, api v1alpha1, December 2019). A field outside
it would be pruned by the API server, and is refused by the tests.
"""

from __future__ import annotations

from typing import Any

from components.cluster.types import Cluster

from .metadata import FOUNDATION_WAVE, metadata, protection

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "format": "int64"}
_SWITCH = {"type": "boolean"}
_QUANTITY = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti|k|M|G|T)?$",
    "x-kubernetes-int-or-string": True,
}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def vernemq(cluster: Cluster) -> dict[str, Any]:
    """The definition, in version v1 of apiextensions.

    `preserveUnknownFields: false` goes without saying in v1. The API server drops it where it is
    said, so Argo CD would find a difference for ever.
    """
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata("vernemqs.vernemq.com", FOUNDATION_WAVE, options=protection(cluster)),
        "spec": {
            "group": "vernemq.com",
            "names": {"kind": "VerneMQ", "listKind": "VerneMQList", "plural": "vernemqs", "singular": "vernemq"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": _object(
                            {
                                "apiVersion": _TEXT,
                                "kind": _TEXT,
                                "metadata": {"type": "object"},
                                "spec": _spec(),
                                "status": _object({"nodes": _list(_TEXT)}, "nodes"),
                            },
                            "spec",
                        )
                    },
                }
            ],
        },
    }


def _spec() -> dict[str, Any]:
    return _object(
        {
            "affinity": _affinity(),
            "baseImage": _TEXT,
            "bundlerImage": _TEXT,
            "config": _config(),
            "env": _list(_environment()),
            "resources": _object({"limits": _map(_QUANTITY), "requests": _map(_QUANTITY)}),
            "securityContext": _object(
                {"fsGroup": _NUMBER, "runAsGroup": _NUMBER, "runAsNonRoot": _SWITCH, "runAsUser": _NUMBER}
            ),
            "serviceAccountName": _TEXT,
            "size": {"type": "integer", "format": "int32", "minimum": 1},
            "storage": _object({"emptyDir": _object({"sizeLimit": _QUANTITY}), "volumeClaimTemplate": _claim()}),
            "tag": _TEXT,
            "terminationGracePeriodSeconds": _NUMBER,
            "version": _TEXT,
        },
        "baseImage",
        "size",
        "tag",
    )


def _affinity() -> dict[str, Any]:
    expression = _object({"key": _TEXT, "operator": _TEXT, "values": _list(_TEXT)}, "key", "operator")
    term = _object({"matchExpressions": _list(expression)})
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    node = _object({required: _object({"nodeSelectorTerms": _list(term)}, "nodeSelectorTerms")})
    apart = _object({"labelSelector": _object({"matchLabels": _map(_TEXT)}), "topologyKey": _TEXT}, "topologyKey")
    return _object({"nodeAffinity": node, "podAntiAffinity": _object({required: _list(apart)})})


def _config() -> dict[str, Any]:
    setting = _object({"name": _TEXT, "value": _TEXT}, "name", "value")
    listener = _object(
        {"address": _TEXT, "port": {**_NUMBER, "minimum": 1, "maximum": 65535}, "websocket": _SWITCH},
        "address",
        "port",
    )
    plugin = _object({"name": _TEXT, "path": _TEXT}, "name")
    return _object({"configs": _list(setting), "listeners": _list(listener), "plugins": _list(plugin)})


def _environment() -> dict[str, Any]:
    secret = _object({"key": _TEXT, "name": _TEXT}, "key")
    field = _object({"apiVersion": _TEXT, "fieldPath": _TEXT}, "fieldPath")
    source = _object({"fieldRef": field, "secretKeyRef": secret})
    return _object({"name": _TEXT, "value": _TEXT, "valueFrom": source}, "name")


def _claim() -> dict[str, Any]:
    spec = _object(
        {
            "accessModes": _list(_TEXT),
            "resources": _object({"requests": _map(_QUANTITY)}),
            "storageClassName": _TEXT,
            "volumeMode": _TEXT,
        }
    )
    # The API server allows `metadata` here without a schema of its own.
    return _object(
        {
            "apiVersion": _TEXT,
            "kind": _TEXT,
            "metadata": _object({"name": _TEXT}),
            "spec": spec,
        }
    )
