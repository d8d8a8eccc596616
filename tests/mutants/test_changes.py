"""A change changes one thing, every one can be made, and the judge tells a broken tree from a whole one."""

from __future__ import annotations

import random

import pytest

from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT
from tests.compiled.rooms import CHECKS
from tests.mutants.changes import DROPPED, FACES, Change, altered, apply, changes
from tests.mutants.excuses import Excuse, excused
from tests.mutants.judge import Judge


@pytest.mark.parametrize("face", FACES)
def test_every_change_shows_in_its_file(tree, face):
    for change in random.Random(face).sample(changes(tree, face), 12):
        changed = tree.copy()
        apply(change, changed)
        files = {change.file, SCRIPT} if change.file in EMBEDDED.values() else {change.file}
        assert {path for path in tree.files if tree.files[path] != changed.files[path]} == files, change


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (True, False),
        (3, 4),
        ("5Gi", "6Gi"),
        ("v1.36.5", "v1.36.6"),
        ("dojot", "dojotx"),
        ("a\nb\nc\n", "a\nc\n"),
        ("09", "10"),
        ("", "x"),
    ],
)
def test_another_value_of_the_same_kind(value, other):
    assert altered(value) == other and type(altered(value)) is type(value)


@pytest.fixture(scope="module")
def judge(tree):
    return Judge(tree)


def test_the_judge_notices_and_remembers_who_did(judge, tree):
    file = next(path for path in tree.files if path.startswith("haproxy/") and path.endswith(".cfg"))
    change = Change(file, (tree.files[file].splitlines().index("    mode tcp"), -1), DROPPED)
    first: list[str] = []
    assert judge.noticed(change, first) == first[0] == "haproxy_cfg_says_what_the_inventory_says"


def test_the_judge_changes_nothing(judge, tree):
    before = tree.copy()
    for face in FACES:
        for change in random.Random(face).sample(changes(tree, face), 5):
            judge.noticed(change, [])
    assert (tree.files, tree.documents, tree.parameters) == (before.files, before.documents, before.parameters)


def test_the_judge_refuses_what_is_broken_already(tree):
    broken = tree.copy()
    del broken.some("Service")["spec"]["selector"]
    with pytest.raises(ValueError, match="without any change"):
        Judge(broken)


@pytest.mark.parametrize("face", FACES)
def test_who_is_not_asked_has_nothing_to_say(tree, judge, face):
    """Of a change of a file that they do not read."""
    change, changed = random.Random(face).choice(changes(tree, face)), tree.copy()
    apply(change, changed)
    others = set(CHECKS) - set(judge.readers({change.file, SCRIPT} if face == "bootstrap" else {change.file}))
    assert others and [check.__name__ for check in others if check(changed)] == [], change


@pytest.mark.parametrize(
    ("shape", "fits"), [("A: b.[].c dropped", True), ("A: b.c dropped", True), ("A: c altered", False), ("B: b", False)]
)
def test_an_excuse_is_for_a_shape(shape, fits):
    assert (excused(shape, [Excuse("A: b.*", "free choice", "why")]) is not None) is fits
