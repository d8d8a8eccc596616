"""Every single change of what was compiled for a cluster: a value altered, or a key, list entry or line dropped."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from components.render import yaml_documents
from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT, generated, values
from tests.compiled.tree import Tree

FACES = ("manifests", "argocd", "haproxy", "bootstrap")
ALTERED, DROPPED = "altered", "dropped"
# What is altered by itself in a line of a text.
_WORD = re.compile(r"[^\s|=,:]+")
_NUMBER = re.compile(r"\d+(?!.*\d)", re.DOTALL)


@dataclass(frozen=True)
class Change:
    """One change of one file.

    `place` leads into its documents (keys and indices, the first is the document's), or is
    (line, word) of a text; the word -1 means the whole line. A text that the script carries changes in both places.
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
        for word in range(len(_WORD.findall(line))):
            yield Change(file, (number, word), ALTERED)


def _lines(file: str, text: str) -> Iterator[tuple[int, str]]:
    """The lines that mean something. Of the script, the values: its parts are judged as they stand in bootstrap/."""
    lines = text.splitlines()
    numbers: Iterable[int] = range(len(lines))
    if file == SCRIPT:
        found = values(generated(text)[0])
        # What stands in a file of its own, too, is changed there; not every cluster has all of them.
        beside = {number for name in EMBEDDED for number in found.lines_of.get(name, ())}
        numbers = [number for number in found.lines if number not in beside]
    for number in numbers:
        if lines[number].strip() and not lines[number].lstrip().startswith(("#", ";")):
            yield number, lines[number]


def apply(change: Change, tree: Tree) -> None:
    """Make the change in `tree`, which is a copy; its files and documents still agree, as do script and texts."""
    before = tree.files[change.file]
    if change.file in tree.documents:
        _change_document(change, tree.documents[change.file])
        after = yaml_documents(tree.documents[change.file])
    else:
        after = _changed_text(change, before)
    tree.files[change.file] = after
    if change.file in EMBEDDED.values():
        tree.files[SCRIPT] = tree.files[SCRIPT].replace(before, after)


def _change_document(change: Change, documents: list[Any]) -> None:
    *above, last = change.place
    node: Any = documents
    for key in above:
        node = node[key]
    if change.what == DROPPED:
        del node[last]
    else:
        node[last] = altered(node[last])


def _changed_text(change: Change, text: str) -> str:
    lines = text.splitlines(keepends=True)
    number, word = change.place
    if word == -1:
        del lines[number]
    else:
        found = list(_WORD.finditer(lines[number]))[word]
        start, end = found.span()
        lines[number] = lines[number][:start] + altered(found[0]) + lines[number][end:]
    return "".join(lines)


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
        number, word = change.place
        line = tree.files[change.file].splitlines()[number]
        found = _WORD.findall(line)
        what = change.what if word == -1 else f"{found[word]!r} {change.what}"
        shape = change.what if word == -1 else f"word {word} {change.what}"
        name = change.file.rpartition("/")[2]
        return f"{change.file}:{number + 1}: {line.strip()[:90]} ({what})", f"{name}: {_heading(line)} {shape}"
    document = tree.documents[change.file][change.place[0]]
    name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
    path = ".".join(map(str, change.place[1:]))
    shape = ".".join("[]" if isinstance(key, int) else str(key) for key in change.place[1:])
    return f"{change.file}: {name}: {path} ({change.what})", f"{document.get('kind')}: {shape} {change.what}"


def _heading(line: str) -> str:
    """The first word of a line; of a row or a value, nothing that is one cluster's own."""
    first = line.split()[0]
    return re.sub(r"=.*|[0-9'|].*", "", first) or first[:1]
