"""What vmq-operator makes of the brokers' object: it reads every field, and can use it.

The operator itself is no part of the tests (tests/engines/engines.yml says why). Its Go types
are described in tests/schemas/vmq-operator.yml; what its code does with them is noted here
(dojot/vmq-operator at commit dacf413, pkg/controller/vernemq).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from tests.compiled.tree import Object, Tree, name_of
from tests.compiled.workloads import broker_config
from tests.schemas import kubernetes

# It parses the version as x.y.z and goes no further with any other.
_VERSION = re.compile(r"1\.(?:[7-9]|[1-9]\d+)\.\d+")
# It gives the brokers' container this user and group, whatever the pod's are.
_USER = 10000
# Its probes ask this port for /health; brokers find one another on the other.
_HTTP, _CLUSTERING = 8888, 44053
# It replaces the access modes of the claim.
_ACCESS = ["ReadWriteOnce"]

Schema = Mapping[str, Any]


@lru_cache
def _types() -> Schema:
    path = Path(__file__).resolve().parents[2] / "schemas" / "vmq-operator.yml"
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


def the_operator_reads_every_field(tree: Tree) -> list[str]:
    """A field that its Go types do not have, or have in another type, is lost or stops it."""
    validator = Draft7Validator(_types())
    return [
        f"{name_of(found)}: vmq-operator: {error}"
        for found in tree.of_kind("VerneMQ")
        for error in kubernetes.errors(validator, found)
    ]


def the_definition_has_the_operators_types(tree: Tree) -> list[str]:
    """The API server stores what the definition describes: each field as the operator's Go types have it."""
    found = []
    for definition in tree.of_kind("CustomResourceDefinition"):
        if definition["spec"]["names"]["kind"] == "VerneMQ":
            for version in definition["spec"]["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                found += [
                    f"{name_of(definition)}: {problem}" for problem in _differences(schema, _types(), version["name"])
                ]
    return found


def _differences(schema: Schema, types: Schema, path: str) -> Iterator[str]:
    types = _followed(types)
    if schema.get("x-kubernetes-int-or-string") or types.get("x-kubernetes-int-or-string"):
        if not (schema.get("x-kubernetes-int-or-string") and types.get("x-kubernetes-int-or-string")):
            yield f"{path}: only one of the definition and the operator takes a number or a text here"
        return
    # A constant is a text here.
    expected = types.get("type", "string")
    if schema.get("type") != expected:
        yield f"{path}: {schema.get('type')} in the definition, {expected} in the operator"
        return
    below = types.get("properties")
    for name, entry in schema.get("properties", {}).items():
        if below is None:
            yield f"{path}.{name}: tests/schemas/vmq-operator.yml does not describe {path} any further"
        elif name not in below:
            yield f"{path}.{name}: the operator has no such field"
        else:
            yield from _differences(entry, below[name], f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            if isinstance(types.get(key), dict):
                yield from _differences(schema[key], types[key], f"{path}[]")
            else:
                yield f"{path}[]: tests/schemas/vmq-operator.yml does not describe its entries"


def _followed(types: Schema) -> Schema:
    while "$ref" in types:
        types = _types()["definitions"][types["$ref"].rpartition("/")[2]]
    return types


def the_operator_can_use_it(tree: Tree) -> list[str]:
    """What the operator takes for granted, and what it sets without asking."""
    return [f"{name_of(found)}: {problem}" for found in tree.of_kind("VerneMQ") for problem in _unusable(found)]


def _unusable(found: Object) -> Iterator[str]:
    spec = found["spec"]
    if not _VERSION.fullmatch(str(spec.get("version", ""))):
        yield f"version {spec.get('version')}: the operator knows 1.7.0 and later releases of VerneMQ 1"
    rights = spec.get("securityContext", {})
    for field in ("runAsUser", "runAsGroup"):
        if rights.get(field, _USER) != _USER:
            yield f"{field} {rights[field]}: the operator runs the container as {_USER}"
    claim = spec.get("storage", {}).get("volumeClaimTemplate")
    if claim and claim["spec"].get("accessModes", _ACCESS) != _ACCESS:
        yield f"access modes {claim['spec']['accessModes']}: the operator makes it {_ACCESS}"
    settings = dict(line.split(" = ", 1) for line in broker_config(found).splitlines() if " = " in line)
    for name, port in (("listener.http.default", _HTTP), ("listener.vmq.clustering", _CLUSTERING)):
        if not settings.get(name, "").endswith(f":{port}"):
            yield f"vernemq.conf: {name} is {settings.get(name, 'missing')}, and the operator relies on port {port}"
    for name in settings:
        if name.startswith("erlang."):
            yield f"vernemq.conf: {name} has no effect, because the operator writes vm.args"
    # Its own vernemq.conf comes first in the container's variables, so that the last one holds.
    if [entry["name"] for entry in spec.get("env", ())].count("VERNEMQ_CONF") != 1:
        yield "env: one VERNEMQ_CONF replaces the operator's own"


CHECKS = (the_operator_reads_every_field, the_definition_has_the_operators_types, the_operator_can_use_it)
