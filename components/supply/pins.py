"""Images of the inventory by the lines that name them, and those lines with a digest behind the tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.inventory.finding import Path as KeyPath
from components.inventory.inventory import Target

#: Keys whose text is an image.
_KEYS = ("image", "cni_plugin_image", "bundler_image")
_TAGGED = re.compile(r"(?P<repository>[^@]+):(?P<tag>[^:/@]+)(@sha256:[0-9a-f]{64})?")


@dataclass(frozen=True, order=True)
class Named:
    """REPOSITORY:TAG with all references filled in; `written` is the text of the file, a digest included."""

    file: str
    line: int
    written: str
    repository: str
    tag: str


def named(target: Target) -> Iterator[Named]:
    """The images with a tag that a cluster uses, where the inventory writes them."""
    for path, image in _images(target.parameters, ()):
        match = _TAGGED.fullmatch(image)
        place = target.origin.source(path)
        file, line = target.origin.place(place)
        written = target.origin.written(path)
        if match and line and written:
            yield Named(file, line, written, match["repository"], match["tag"])


def _images(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Of services and of the platform: what nobody uses of a release is not asked for."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key in _KEYS and isinstance(below, str):
                yield (*path, key), below
            elif path or key in ("platform", "services"):
                yield from _images(below, (*path, key))


def pinned(text: str, digests: Mapping[Named, str]) -> str:
    """The text of a file, with REPOSITORY:TAG@DIGEST in the lines of these images; nothing else of a line changes."""
    lines = text.splitlines(keepends=True)
    for each, digest in digests.items():
        line = lines[each.line - 1]
        key, colon, rest = line.partition(": ")
        assert colon and rest.count(each.written) == 1, f"{each.file}:{each.line}: {each.written} stands elsewhere"
        lines[each.line - 1] = key + colon + rest.replace(each.written, f"{each.repository}:{each.tag}@{digest}")
    return "".join(lines)
