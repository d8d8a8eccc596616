"""The tables of docs/inventory.md, read as people read them: every parameter of every fixture has its row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.inventory.targets import FULL, GUIDE, Fixture, fixtures, renderer, write_inventory

#: Rows below which there are names and values of others: alerts are in monitoring.md, settings are the plugins'.
BELOW = {("monitoring", "alerts"), ("gateway", "authentication", "<name>", "<name>")}
SERVICE = "One service of dojot"
#: A list of values of a variable may hold such as may stand for the variable.
VALUE = "What may stand in env"

Part = str | int


class Document:
    def __init__(self, text: str):
        self.tables: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for heading, below in re.findall(r"^### (.+?)\n(.*?)(?=^###|\Z)", text, re.M | re.S):
            self.tables[heading] = [
                (tuple(path.replace("[]", ".[]").split(".")), linked)
                for path, linked in re.findall(r"^\| `([^`]+)` \|.*?(?:\]\(#([-a-z]+)\).*)?\|$", below, re.M)
            ]
        self.anchors = {heading.lower().replace(" ", "-"): heading for heading in self.tables}
        linked = {link for rows in self.tables.values() for _, link in rows if link}
        self.first = [heading for anchor, heading in self.anchors.items() if anchor not in linked]

    def knows(self, path: tuple[Part, ...]) -> bool:
        return any(self._knows(path, heading) for heading in self.first)

    def _knows(self, path: tuple[Part, ...], heading: str) -> bool:
        if heading == VALUE and (not path or isinstance(path[0], int)):
            return len(path) < 2 or self._knows(path[1:], heading)
        for pattern, link in self.tables[heading]:
            if len(pattern) > len(path) or not all(map(_fits, pattern, path)):
                continue
            rest = path[len(pattern) :]
            if not rest or pattern in BELOW or pattern[-4:-2] == ("plugins", "<name>"):
                return True
            if link and self._knows(rest, self.anchors[link]):
                return True
        return False


def _fits(pattern: str, part: Part) -> bool:
    return pattern == ("[]" if isinstance(part, int) else part) or (pattern in ("<name>", "<key>") and part != "enabled")


def _leaves(node: Any, path: tuple[Part, ...] = ()) -> Iterator[tuple[Part, ...]]:
    if not isinstance(node, (dict, list)):
        yield path
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield from _leaves(value, (*path, key))


@pytest.fixture(scope="module")
def document() -> Document:
    return Document((ROOT / "docs" / "inventory.md").read_text("utf-8").partition("<!-- generated: parameters -->")[2])


@pytest.fixture(scope="module")
def targets(tmp_path_factory) -> dict[Fixture, dict[str, Any]]:
    found = [*fixtures("valid"), GUIDE, FULL]
    read = renderer(write_inventory(tmp_path_factory.mktemp("documented"), found))
    return {fixture: read(fixture.name)[0] for fixture in found}


def test_every_parameter_has_its_row(document, targets):
    paths = {path for parameters in targets.values() for path in _leaves(parameters)}
    ours = {path for path in paths if path[0] not in ("kapitan", "_reclass_")}
    assert len(ours) > 1000
    assert sorted(".".join(map(str, path)) for path in ours if not document.knows(path)) == []


def test_what_there_is_not_has_no_row(document):
    for path in ("scale.device", "services.auth.replica", "services.auth.env.A.secrets", "cluster.nodes.a.adress"):
        assert not document.knows(tuple(path.split("."))), path


def test_rows_say_what_is_meant(document):
    assert SERVICE in document.tables
    for heading, rows in document.tables.items():
        paths = [path for path, _ in rows]
        assert len(paths) == len(set(paths)), heading
    text = (ROOT / "docs" / "inventory.md").read_text("utf-8")
    assert not re.findall(r"^\| `[^`]+` \| *\|.*$|anything", text, re.M)
