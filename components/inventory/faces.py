"""parameters.kapitan.compile: which face of a cluster is written where, and as what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .finding import Finding, listed, suggest

#: What a face gives is written as it is, or as this kind of file.
OUTPUT_TYPES = ("plain", "yaml", "yml", "json")
_KEYS = ("input_type", "input_paths", "output_path", "output_type", "name")
_PATH = ("kapitan", "compile")


@dataclass(frozen=True)
class Face:
    """A folder of components/, and where in the cluster's folder its files go."""

    component: str
    output_path: str
    output_type: str


def faces(settings: Any) -> tuple[list[Face], list[Finding]]:
    """The faces of `kapitan`, in their order, and what is wrong with it."""
    entries = settings.get("compile") if isinstance(settings, dict) else None
    if not isinstance(entries, list) or not entries:
        return [], [Finding(_PATH, entries, "this says what is compiled", "Include the class compile")]
    found: list[Face] = []
    findings: list[Finding] = []
    for index, entry in enumerate(entries):
        path = (*_PATH, str(index))
        if wrong := list(_wrong(entry, path)):
            findings += wrong
            continue
        kind = entry.get("output_type", "yaml")
        found += [Face(component, entry["output_path"], kind) for component in entry["input_paths"]]
    return found, findings


def _wrong(entry: Any, path: tuple[str, ...]) -> Iterator[Finding]:
    if not isinstance(entry, dict):
        yield Finding(path, entry, "this is no face", f"Write a map of {listed(_KEYS[:4])}")
        return
    for key in sorted(str(key) for key in entry if key not in _KEYS):
        yield Finding((*path, key), entry.get(key), "make compile does not have this key", suggest(key, _KEYS))
    if entry.get("input_type") != "kadet":
        yield Finding((*path, "input_type"), entry.get("input_type"), "make compile runs faces", "Write kadet")
    if entry.get("output_type", "yaml") not in OUTPUT_TYPES:
        rule = "make compile does not write this kind of file"
        yield Finding((*path, "output_type"), entry["output_type"], rule, f"Use one of: {', '.join(OUTPUT_TYPES)}")
    components = entry.get("input_paths")
    if not isinstance(components, list) or not all(_is_below(component) for component in components):
        rule = "these are the folders of faces, from the root of the repository"
        yield Finding((*path, "input_paths"), components, rule, "Write a list such as [components/manifests]")
    else:
        for component in components:
            if not Path(component, "files.py").is_file():
                yield Finding((*path, "input_paths"), component, "there is no such face", "Correct the folder's name")
    if not _is_below(entry.get("output_path")):
        rule = "this is a folder in the cluster's own folder of compiled/"
        yield Finding((*path, "output_path"), entry.get("output_path"), rule, "Write its name, or . for that folder")


def _is_below(path: Any) -> bool:
    return isinstance(path, str) and path != "" and not path.startswith("/") and ".." not in PurePosixPath(path).parts
