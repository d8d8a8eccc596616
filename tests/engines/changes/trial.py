"""Objects applied for trial to a cluster at work, and what the API server says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.compiled.tree import Object
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running

# StatefulSet.apps "kafka-server" is invalid, The Service "mongodb" is invalid
_REFUSED = re.compile(r'\b([A-Z]\w+)(?:\.[\w.]+)? "(\S+)" is invalid')
# Only a trial says it: an object meets the namespace of before, and that one the pods of before.
_IN_TRIAL = re.compile(
    r"Warning: (would violate PodSecurity|existing pods in namespace|[a-z0-9-]+( \(and \d+ other pods?\))?: \S+)"
)


def tried(running: Running, found: list[Object]) -> tuple[set[str], list[str]]:
    """ "KIND NAME" of what is refused, and what else is said, when the objects are applied without being kept."""
    said = apply(running, found, "--dry-run=server")
    refused = {f"{kind} {name}" for kind, name in _REFUSED.findall("\n".join(said))}
    # A refusal may go on for some lines.
    return refused, [line for line in said if not _IN_TRIAL.match(line)] if not refused else []


def apply(running: Running, found: list[Object], *more: str) -> list[str]:
    """What is said when objects are applied: Argo CD's as it does, the operator's (without a wave) by themselves."""
    ours = [one for one in found if "annotations" in one["metadata"]]
    made = [one for one in found if "annotations" not in one["metadata"]]
    said = sync.apply(running.plane, ours, *running.options, *more) if ours else []
    return said + (sync.apply(running.plane, made, *more) if made else [])


@contextmanager
def namespaces(running: Running, found: list[Object]) -> Iterator[None]:
    """New namespaces are there in earnest: an object can only be tried in one that is."""
    known = {one["metadata"]["name"] for one in running.tree.of_kind("Namespace")}
    every = {one["metadata"]["name"]: one for one in found if one["kind"] == "Namespace"}
    new = [one for name, one in every.items() if name not in known]
    if new:
        assert not sync.apply(running.plane, new, *running.options)
    try:
        yield
    finally:
        if new:
            running.plane.kubectl("delete", "--filename=-", input=sync.listed(new))
