"""A file with Kubernetes objects of somebody's own -> the objects, with their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yaml.constructor import ConstructorError, SafeConstructor

from components.inventory.plain_file import Unreadable
from components.inventory.yaml_file import documents

from .types import ManifestFile, OwnObject

FOLDER = "inventory/files"


def manifest_file(name: str, text: str) -> ManifestFile:
    """Raises Unreadable: no YAML, or a document that is no object."""
    shown = f"{FOLDER}/{name}"
    found = []
    for node in documents(text, shown):
        line = node.start_mark.line + 1
        try:
            content = SafeConstructor().construct_document(node)
        except (ConstructorError, ValueError) as error:
            raise Unreadable(f"{shown}:{line}: {' '.join(str(error).split())}. Correct it") from error
        if wrong := _wrong(content):
            raise Unreadable(f"{shown}:{line}: {wrong}")
        found.append(OwnObject(line, content))
    if not found:
        raise Unreadable(f"{shown}: no Kubernetes object is in it. Write one, or take the file out of the list")
    return ManifestFile(name, text, tuple(found))


def _wrong(content: Any) -> str | None:
    """Why this is no object that a sync can apply."""
    if not isinstance(content, Mapping):
        return "a Kubernetes object is a map. Write apiVersion, kind and metadata"
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    # A list is a way to print several objects, and has neither a name nor a place in the order of a sync.
    if str(content.get("kind")).endswith("List") and "items" in content:
        return "a list of objects has no name. Write each of them as a document of its own, after a line ---"
    facts = {
        "apiVersion": content.get("apiVersion"),
        "kind": content.get("kind"),
        "metadata.name": metadata.get("name"),
    }
    for key, value in facts.items():
        if not isinstance(value, str) or not value:
            return f"{key} is missing, or no text. Write it"
    if not isinstance(metadata.get("namespace", ""), str):
        return "metadata.namespace is no text. Write it in quotes"
    return None
