"""Every single change of what was compiled for a cluster: a value altered, or a key, list entry or line dropped."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.compiled.bootstrap_values import SCRIPT
from tests.compiled.tree import Tree

FACES = ("manifests", "argocd", "haproxy", "bootstrap")
ALTERED, DROPPED = "altered", "dropped"
_NUMBER = re.compile(r"\d+(?!.*\d)", re.DOTALL)


@dataclass(frozen=True)
class Change:
    """One change of one file.

    `place` leads into its documents (keys and indices, the first is the document's), or is
    (line, word) of a text; the word -1 means the whole line.
    """

    file: str
    place: tuple
    what: str

    @property
    def face(self) -> str:
        return self.file.split("/")[0]


def changes(tree: Tree, face: str) -> list[Change]:
    """All of a face, in the order of its files."""
    found: list[Change] = []
    for file in sorted(tree.files):
        if not file.startswith(f"{face}/"):
            continue
        if file in tree.documents:
            for number, document in enumerate(tree.documents[file]):
                found += (Change(file, (number, *place), what) for place, what in _below(document))
        else:
            found += _of_text(file, tree.files[file])
    return found


def _below(node: Any) -> Iterator[tuple[tuple, str]]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (key,), DROPPED
        if isinstance(value, (dict, list)):
            yield from (((key, *place), what) for place, what in _below(value))
        elif value is not None:
            yield (key,), ALTERED


def _of_text(file: str, text: str) -> Iterator[Change]:
    for number, line in _lines(file, text):
        yield Change(file, (number, -1), DROPPED)
        for word in range(1, len(line.split())):
            yield Change(file, (number, word), ALTERED)


def _lines(file: str, text: str) -> Iterator[tuple[int, str]]:
    """The lines that mean something. Of the script, those that the inventory gave it."""
    inside = file != SCRIPT
    for number, line in enumerate(text.splitlines()):
        if file == SCRIPT and line.startswith(("readonly CLUSTER_NAME=", "shopt ")):
            inside = line.startswith("readonly")
        if inside and line.strip() and not line.lstrip().startswith(("#", ";")) and line != ")":
            yield number, line


def apply(change: Change, tree: Tree) -> None:
    """Make the change in `tree`, which is a copy; its files and documents go on agreeing."""
    if change.file in tree.documents:
        from components.render import yaml_documents

        *above, last = change.place
        node: Any = tree.documents[change.file]
        for key in above:
            node = node[key]
        if change.what == DROPPED:
            del node[last]
        else:
            node[last] = altered(node[last])
        tree.files[change.file] = yaml_documents(tree.documents[change.file])
        return
    lines = tree.files[change.file].splitlines(keepends=True)
    number, word = change.place
    if word == -1:
        del lines[number]
    else:
        parts = re.split(r"(\s+)", lines[number])
        words = [index for index, part in enumerate(parts) if part.strip()]
        parts[words[word]] = altered(parts[words[word]])
        lines[number] = "".join(parts)
    tree.files[change.file] = "".join(lines)


def altered(value: Any) -> Any:
    """Another value of the same kind: one that a slip of the hand, or of code, could leave."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if "\n" in value:
        return _without_a_line(value)
    decoded = _decoded(value)
    if decoded is not None:
        return base64.b64encode(_without_a_line(decoded).encode()).decode()
    if _NUMBER.search(value):
        return _NUMBER.sub(lambda found: str(int(found[0]) + 1).zfill(len(found[0])), value, count=1)
    return value + "x" if not value or value[-1].isalnum() else value[:-1] + "x" + value[-1]


def _without_a_line(text: str) -> str:
    """Without the line in the middle of those that mean something."""
    lines = text.splitlines(keepends=True)
    meant = [number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    if meant:
        del lines[meant[len(meant) // 2]]
    return "".join(lines)


def _decoded(value: str) -> str | None:
    """A configuration that stands in base64."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if "\n" in text else None


def words(change: Change, tree: Tree) -> tuple[str, str]:
    """Where the change is, for people; and its shape, equal for changes that the same check would have to notice."""
    if change.file not in tree.documents:
        line = tree.files[change.file].splitlines()[change.place[0]].split()
        where = f"{change.file}:{change.place[0] + 1}: {' '.join(line)[:90]}"
        shape = f"{change.file.rpartition('/')[2]}: {line[0]}" + (
            f" word {change.place[1]}" if change.place[1] > 0 else ""
        )
        return (
            f"{where} ({change.what}{f' word {change.place[1]}' if change.place[1] > 0 else ''})",
            f"{shape} {change.what}",
        )
    document = tree.documents[change.file][change.place[0]]
    name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
    path = ".".join(map(str, change.place[1:]))
    shape = ".".join("[]" if isinstance(key, int) else str(key) for key in change.place[1:])
    return f"{change.file}: {name}: {path} ({change.what})", f"{document.get('kind')}: {shape} {change.what}"
