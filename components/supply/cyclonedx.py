"""Items -> a CycloneDX 1.6 document (https://cyclonedx.org/docs/1.6/json/), the same for the same cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from components.cluster.types import Cluster

from .items import FILE, IMAGE, PACKAGE, SYSTEM, Item
from .registry import DOCKER_HUB, parted

SPECIFICATION = "1.6"
_TYPES = {IMAGE: "container", PACKAGE: "application", FILE: "file", SYSTEM: "operating-system"}
_PROPERTY = "dojot:host"


def document(cluster: Cluster, found: Sequence[Item]) -> str:
    """JSON. It states no time, and its serial number follows from what it says: a difference means something."""
    system = cluster.platform.operating_system
    components = [_component(item, system.name, system.codename) for item in found]
    about = {"type": "platform", "bom-ref": cluster.name, "name": cluster.name, "version": cluster.release}
    said = json.dumps([about, components])
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, said)}",
        "version": 1,
        "metadata": {"component": about},
        "components": components,
        "dependencies": [{"ref": cluster.name, "dependsOn": sorted(component["bom-ref"] for component in components)}],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(item: Item, system: str, codename: str) -> dict[str, Any]:
    purl = _purl(item, system, codename)
    component: dict[str, Any] = {
        "type": _TYPES[item.kind],
        "bom-ref": purl or f"{item.name}@{item.version}",
        "name": item.name,
    }
    if item.version:
        component["version"] = item.version
    if item.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": item.sha256}]
    if purl:
        component["purl"] = purl
    if item.source:
        component["externalReferences"] = [{"type": "distribution", "url": item.source}]
    component["properties"] = [{"name": _PROPERTY, "value": host} for host in item.hosts]
    return component


def _purl(item: Item, system: str, codename: str) -> str:
    """A package URL (https://github.com/package-url/purl-spec), by which vulnerability databases know it."""
    version = f"@{quote(item.version, safe='')}" if item.version else ""
    if item.kind == PACKAGE:
        source = f"&repository_url={quote(item.source, safe='')}" if item.source else ""
        return f"pkg:deb/{system}/{quote(item.name, safe='')}{version}?distro={codename}{source}"
    if item.kind == FILE:
        checked = f"checksum=sha256:{item.sha256}&download_url={quote(item.source, safe='')}"
        return f"pkg:generic/{quote(item.name, safe='')}{version}?{checked}"
    if item.kind == IMAGE:
        return _of_image(item, version)
    return ""


def _of_image(item: Item, version: str) -> str:
    """Docker Hub's needs no registry."""
    registry, path = parted(item.name)
    where = "" if registry == DOCKER_HUB else f"?repository_url={quote(registry, safe='')}"
    return f"pkg:docker/{quote(path)}{version}{where}"
