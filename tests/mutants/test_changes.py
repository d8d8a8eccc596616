"""A change changes one thing, every one can be made, and the judge tells a broken tree from a whole one."""

from __future__ import annotations

import random

import pytest

from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT
from tests.mutants.changes import FACES, altered, apply, changes
from tests.mutants.judge import noticed


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


def test_the_judge_is_silent_over_what_was_compiled(tree):
    assert noticed(tree, []) is None


def test_the_judge_notices(tree):
    broken = tree.copy()
    del broken.some("Service")["spec"]["selector"]
    first: list[str] = []
    assert noticed(broken, first) == first[0]
