"""Compiled clusters, and edits of their scripts such as another inventory makes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache

from tests.changes import compiled as changes
from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT, values_of

Files = dict[str, bytes]


@cache
def compiled(name: str) -> Files:
    """What reaches machines of a cluster that no fork edits. Several tests ask: not to be changed."""
    rooms = ("bootstrap/", "haproxy/", "argocd/")
    return {path: content for path, content in changes.compiled(name).items() if path.startswith(rooms)}


def edited(files: Files, *pairs: tuple[str, str]) -> Files:
    """With another text in place of one that stands in the script."""
    text = files[SCRIPT].decode()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return {**files, SCRIPT: text.encode()}


def every_edit(files: Files) -> Iterator[tuple[str, Files]]:
    """What is changed -> the files then: each scalar, table, text (document) of the values, and each other file.

    Of tables whose rows belong to hosts every row is changed, of others, which are compared as a whole, the last one.
    """
    script = files[SCRIPT].decode()
    values = values_of(script)
    for name in values.scalars:
        yield name, _with(files, re.sub(rf"^readonly {name}=.*$", f"readonly {name}=another", script, flags=re.M))
    for name, rows in values.tables.items():
        if name in ("STEPS", "STEP_OPTIONS"):
            continue
        opening = f"readonly {name}=(\n"
        host = values.tables["NODES"][0].partition("|")[0] if name == "DISKS" else "new"
        yield name, edited(files, (opening, f"{opening}  '{host}|new|new|new|new'\n"))
        for row in rows if name in ("NODES", "DISKS") else rows[-1:]:
            start, end = script.split(opening)
            table, mark, rest = end.partition("\n)\n")
            changed = "".join(f"  {shlex.quote(one + 'x' * (one == row))}\n" for one in rows)
            assert table
            yield f"{name}: {row}", _with(files, f"{start}{opening}{changed}{mark[1:]}{rest}")
    for name, text in values.texts.items():
        documents = text.split("\n---\n")
        for number, document in enumerate(documents):
            others = [*documents[:number], f"{document.rstrip()}\nanother: line\n", *documents[number + 1 :]]
            yield f"{name} {number}", edited(files, (text, "\n---\n".join(others).replace("\n\n---", "\n---")))
    for name, content in files.items():
        if name != SCRIPT:
            yield name, {**files, name: content + b"# more\n"}


def _with(files: Files, script: str) -> Files:
    return {**files, SCRIPT: script.encode()}


#: Beside the script for people who review it: the script carries them.
FOR_PEOPLE = frozenset(EMBEDDED.values())
