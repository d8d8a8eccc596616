"""Every key has an edit, or a reason why it has none; the engines look at all that a review says of the edits."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from components.cluster.input import documented
from tests.changes import every
from tests.changes.every import reviewed_edit
from tests.changes.keys import ABSENT, ITEM, Key, keys, places
from tests.changes.outcomes import outcomes, reason, said
from tests.changes.values import others

OUTCOMES = outcomes()
# Every so many: a review takes a fifth of a second.
_SAMPLE = OUTCOMES[::150]


def test_every_key_has_an_edit_or_a_reason():
    every = said()
    assert {str(key) for key in keys() if not reason(str(key), every)} == {one.key for one in OUTCOMES}
    assert set(Counter(one.key for one in OUTCOMES).values()) == {1}


def test_a_new_key_has_neither():
    """As it would be with a key that somebody adds to a model."""
    new = Key(("scale", "brand_new"), None, (int,), (), None)
    assert not reason(str(new), said())
    assert str(new) not in {one.key for one in OUTCOMES}


def test_the_keys_are_those_of_the_documents():
    """A row of docs/inventory.md that has none below it, and leads to no other table, is the end of a key."""
    table = re.findall(r"^\| `(\S+)` \| .* \| (.*) \|$", documented.tables(), re.M)
    rows = {row.replace("<key>", "<name>"): asked for row, asked in table}
    # docs/monitoring.md has the alerts, and a list in env is told with what else may stand there.
    names = [f".{key}" for key in keys() if not str(key).startswith("monitoring.alerts.")]
    assert [
        name
        for name in names
        if not any(name.removesuffix("[]").endswith(f".{row.removesuffix('[]')}") for row in rows)
    ] == []
    leaves = [row for row, asked in rows.items() if "](#" not in asked and not any(_below(row, one) for one in rows)]
    assert [row for row in leaves if not any(name.endswith(f".{row}") for name in names)] == ["monitoring.alerts"]


def _below(row: str, other: str) -> bool:
    return other.startswith((f"{row}.", f"{row}["))


def test_what_keys_yml_says_is_about_keys():
    names = [str(key) for key in keys()]
    for one in said():
        assert one.none or one.edit, one
        assert any(f"{name}.".startswith((f"{one.key}.", f"{one.key}[")) for name in names), f"{one.key}: no such key"
        assert one.none or one.key in names, f"{one.key}: not one key"


@pytest.mark.parametrize("one", _SAMPLE, ids=str)
def test_a_review_says_so(one):
    assert reviewed_edit(one.key, one.cluster, one.edit, one.given) == one, "stale: python -m tests.changes"


def test_places_of_a_key():
    steps = ("services", "<name>", "args", ITEM)
    key = Key(steps, None, (str,), (), None)
    assert list(places(key, {"services": {"a": {"args": ["x"]}, "b": {}}})) == [
        (("services", "a", "args"), ["x"]),
        (("services", "b", "args"), ABSENT),
    ]


@pytest.mark.parametrize(
    ("value", "some"),
    [
        (True, [False]),
        (7, [8, 6]),
        ("512Mi", ["768Mi", "1024Mi"]),
        ("dojot/auth:v0.6.0", ["dojot/auth:v0.6.1"]),
        ("", ["2"]),
    ],
)
def test_other_values(value, some):
    key = Key(("a",), None, (), (), None)
    found = list(others(key, value))
    assert set(some) <= set(found) and value not in found
    assert [some[0]] in list(others(replace(key, steps=("a", ITEM)), [value]))


def test_a_list_of_maps_is_written_anew(monkeypatch):
    rules = [{"verbs": ["get"]}, {"verbs": ["list"]}]
    monkeypatch.setattr(every, "_parameters", lambda _: {"services": {"a": {"rbac": rules}}})
    assert every._edit("today", ("services", "a", "rbac", 1, "verbs"), ["watch"]) == {
        "services.a.~rbac": [{"verbs": ["get"]}, {"verbs": ["list", "watch"]}]
    }
    assert rules[1] == {"verbs": ["list"]}


def test_names_with_dots_are_no_paths():
    assert every._edit("today", ("services", "a", "conf", "b.c", "d"), 1) == {"services.a.conf": {"b.c": {"d": 1}}}
