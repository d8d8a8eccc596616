"""No credential in Git: pods name Secrets, and the bootstrap makes them up in the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.compiled.bootstrap_values import SCRIPT, table
from tests.compiled.checks.argocd import wave
from tests.compiled.tree import Tree, name_of
from tests.compiled.workloads import Workload, broker_config, workloads

# Environment variables that carry a credential, by their names.
_CREDENTIAL = re.compile(r"PASSW|SECRET|TOKEN|COOKIE|(?:PASS|PWD)$", re.IGNORECASE)
# Made up by the bootstrap, or brought by people.
_UNWRITTEN = ("random", "provided")
# Keys of Secrets that are no secret; every other key must be one of these.
_PUBLIC_KEYS = {"user", "db", "database", "name"}
# A random value may have a length of its own.
_LENGTH = re.compile(r"1[6-9]|[2-9][0-9]")
_LITERALS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a join token", re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")),
    ("a password inside an address", re.compile(r"://[^/\s:@$%]+:[^/\s:@$%]+@")),
)
# `password: abc`, `"secret":"abc"`, TOKEN=abc; not `password: $X`, `%s` or a reference.
_ASSIGNED = re.compile(
    r"(?i)(?:password|passwd|secret|token|cookie)[\"']?\s*(?:=|:\s|:(?=\"))\s*[\"']?"
    r"(?!(?:on|off|true|false)\b)[A-Za-z0-9+/_.\-]{3,}"
)


def no_secret_objects(tree: Tree) -> list[str]:
    """A Secret in Git is no secret."""
    return [f"{path}: {name_of(found)}" for path, found in tree.objects if found.get("kind") == "Secret"]


def references_lead_to_secrets(tree: Tree) -> list[str]:
    """Each key that a pod asks for is one that the bootstrap makes; each Secret it makes is asked for."""
    made = {tuple(row[:2]) for row in table(tree.files, "SECRETS")}
    asked, found = set(), []
    # A kubelet asks for them, by the pod's account.
    for account in tree.of_kind("ServiceAccount"):
        for entry in account.get("imagePullSecrets", ()):
            secret = f"{account['metadata']['namespace']}/{entry['name']}"
            asked.add(secret)
            if (secret, ".dockerconfigjson") not in made:
                found.append(f"{name_of(account)}: the bootstrap asks for no Secret {secret} that opens registries")
    for where, secret, key in _references(tree):
        asked.add(secret)
        if (secret, key) not in made:
            found.append(f"{where}: the bootstrap makes no key {key} of Secret {secret}")
    found += [
        f"{SCRIPT}: Secret {secret} is used by nobody" for secret in sorted({secret for secret, _ in made} - asked)
    ]
    return found


def _references(tree: Tree) -> Iterator[tuple[str, str, str]]:
    for workload in workloads(tree):
        yield from _references_of(workload)


def _references_of(workload: Workload) -> Iterator[tuple[str, str, str]]:
    home = workload.found["metadata"]["namespace"]
    for container in workload.containers:
        for entry in container.get("env", ()):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield f"{workload}: {entry['name']}", f"{home}/{reference['name']}", reference["key"]
        for entry in container.get("envFrom", ()):
            if "secretRef" in entry:
                yield f"{workload}: envFrom", f"{home}/{entry['secretRef']['name']}", "(all)"
    for volume in workload.spec.get("volumes", ()):
        if "secret" in volume:
            for item in volume["secret"].get("items", [{"key": "(all)"}]):
                yield f"{workload}: volume {volume['name']}", f"{home}/{volume['secret']['secretName']}", item["key"]


def readers_of_a_secret_start_anew(tree: Tree) -> list[str]:
    """Each pod that asks for a value that is made or brought, but not who keeps that; first who is synced first."""
    closed = {tuple(row[:2]) for row in table(tree.files, "SECRETS") if row[2] in _UNWRITTEN}
    kept = {(secret, key, f"{home}/{keeper}") for secret, key, _, home, keeper, *_ in table(tree.files, "ROTATIONS")}
    waves: dict[str, dict[str, int]] = {}
    wanted = set()
    for workload in workloads(tree):
        kind, how = ("statefulset", "together") if workload.kind == "VerneMQ" else (workload.kind.lower(), "rolling")
        name = f"{kind}/{workload.pods}"
        labels = ",".join(f"{key}={value}" for key, value in sorted(workload.labels.items()))
        for secret, key in _asked(workload):
            if (
                workload.runs_on
                and (secret, key) in closed
                and (secret, key, f"{workload.namespace}/{name}") not in kept
            ):
                wanted.add((secret, name, labels, how))
                waves.setdefault(secret, {})[name] = wave(workload.found)
    rows = [tuple(row) for row in table(tree.files, "READERS")]
    found = [f"{SCRIPT}: READERS lacks {'|'.join(row)}" for row in sorted(wanted - set(rows))]
    found += [f"{SCRIPT}: READERS: nobody asked for {'|'.join(row)}" for row in sorted(set(rows) - wanted)]
    if not found:
        for secret, of in waves.items():
            order = [of[name] for place, name, *_ in rows if place == secret]
            if order != sorted(order):
                found.append(f"{SCRIPT}: READERS of {secret} are not in the order of the waves")
    return found


def _asked(workload: Workload) -> set[tuple[str, str]]:
    return {(secret, key) for _, secret, key in _references_of(workload)}


def passwords_are_random(tree: Tree) -> list[str]:
    """What the bootstrap takes from the inventory as it stands is public: names of users and databases."""
    found = []
    for secret, key, how, *value in table(tree.files, "SECRETS"):
        if how in _UNWRITTEN and any(value) and not (how == "random" and _LENGTH.fullmatch(value[0])):
            found.append(f"{SCRIPT}: {secret} {key}: a {how} value is written down")
        elif how not in _UNWRITTEN and key not in _PUBLIC_KEYS:
            found.append(f"{SCRIPT}: {secret} {key}: is {how}, but a key of this name must be random")
    return found


def environment_holds_no_credential(tree: Tree) -> list[str]:
    """A variable whose name speaks of a credential takes it from a Secret; a switch about one is none."""
    return [
        f"{workload}: {entry['name']} is written down; take it from a Secret"
        for workload in workloads(tree)
        for container in workload.containers
        for entry in container.get("env", ())
        if _CREDENTIAL.search(entry["name"]) and "valueFrom" not in entry and entry["value"] not in ("true", "false")
    ]


def texts_hold_no_credential(tree: Tree) -> list[str]:
    """Neither ConfigMaps, nor the brokers' configuration, nor any other file."""
    found = [
        f"{path}: {what}: {match.group()[:8]}..."
        for path, text in tree.files.items()
        for what, pattern in _LITERALS
        for match in pattern.finditer(text)
    ]
    texts = {
        f"{name_of(entry)} {key}": text for entry in tree.of_kind("ConfigMap") for key, text in entry["data"].items()
    }
    texts |= {f"{name_of(entry)} vernemq.conf": broker_config(entry) for entry in tree.of_kind("VerneMQ")}
    found += [
        f"{where}: looks like a credential: {match.group()[:12]}..."
        for where, text in texts.items()
        for match in _ASSIGNED.finditer(text)
    ]
    return found


CHECKS = (
    no_secret_objects,
    references_lead_to_secrets,
    readers_of_a_secret_start_anew,
    passwords_are_random,
    environment_holds_no_credential,
    texts_hold_no_credential,
)
