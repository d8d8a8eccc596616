"""Lines that accept a danger: what is one, what it does, and that none is silently in vain."""

from __future__ import annotations

import pytest

from components.review.accepted import apply, parse
from components.review.types import ClusterReview, Level, Review, Verdict

MOVED = Verdict("volume-moved", Level.DANGER, "PersistentVolume/kafka-0", "It moves.")
GONE = Verdict("volume-gone", Level.DANGER, "PersistentVolume/kafka-1", "It goes.")
ROUTINE = Verdict("label", Level.ROUTINE, "Deployment/kong", "A label.")
KEY = ("volume-moved", "PersistentVolume/kafka-0")


def _review(*verdicts: Verdict) -> Review:
    return Review("main", "head", tuple(ClusterReview(name, "changed", verdicts=verdicts) for name in "ab"), ())


@pytest.mark.parametrize(
    "text",
    [
        "accept: volume-moved PersistentVolume/kafka-0",
        "More workers\r\n\r\n  accept:  volume-moved   PersistentVolume/kafka-0  \r\n",
        "Accept: volume-moved PersistentVolume/kafka-0",
        "- accept: volume-moved PersistentVolume/kafka-0",
        "* `accept: volume-moved PersistentVolume/kafka-0`",
        "<!-- why -->\naccept: volume-moved PersistentVolume/kafka-0",
    ],
)
def test_a_line_that_accepts(text):
    assert parse(text) == {KEY}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We accept: volume-moved PersistentVolume/kafka-0",
        "> accept: volume-moved PersistentVolume/kafka-0",
        "accepted: volume-moved PersistentVolume/kafka-0",
        "    accept: volume-moved PersistentVolume/kafka-0",
        # Whoever reads the pull request does not see these.
        "<!--\naccept: volume-moved PersistentVolume/kafka-0\n-->",
        "<!--\naccept: volume-moved PersistentVolume/kafka-0\n",
    ],
)
def test_a_line_that_does_not(text):
    assert parse(text) == set()


def test_several_lines_and_a_subject_of_several_words():
    assert parse("accept: a b\naccept: a  c d\naccept: a b") == {("a", "b"), ("a", "c d")}


def test_what_is_accepted_counts_as_attention_in_every_cluster():
    found = apply(_review(MOVED, ROUTINE), {KEY})
    assert [[each.accepted for each in cluster.verdicts] for cluster in found.clusters] == [[True, False]] * 2
    assert found.level is Level.ATTENTION and found.notes == ()


def test_another_danger_stays_one():
    assert apply(_review(MOVED, GONE), {KEY}).level is Level.DANGER
    assert apply(_review(MOVED), {("volume-moved", "PersistentVolume/kafka-1")}).level is Level.DANGER
    assert apply(_review(MOVED), {("volume-gone", "PersistentVolume/kafka-0")}).level is Level.DANGER


def test_a_subject_with_odd_spaces_can_be_accepted():
    odd = Verdict("a", Level.DANGER, " b\n c ", "It is.")
    assert apply(_review(odd), parse("accept: a b c")).level is Level.ATTENTION


@pytest.mark.parametrize(
    "text, way_out",
    [
        ("accept: volume-moved kafka-0", '"accept: volume-moved PersistentVolume/kafka-0"'),
        ("accept: volume-moved", '"accept: volume-moved PersistentVolume/kafka-0"'),
        (
            "accept: volume-mvoed x",
            '"accept: volume-gone PersistentVolume/kafka-1" or "accept: volume-moved PersistentVolume/kafka-0"',
        ),
    ],
)
def test_a_line_in_vain_is_a_note_that_says_what_was_meant(text, way_out):
    found = apply(_review(MOVED, GONE, ROUTINE), parse(text))
    note = f'"{text}" accepts nothing: this change has no such verdict. Write {way_out}, or remove the line'
    assert found.notes == (note,) and found.level is Level.DANGER


def test_many_that_could_be_meant_are_counted():
    many = [Verdict("r", Level.DANGER, f"s{number}", "It is.") for number in range(5)]
    (note,) = apply(_review(*many), parse("accept: r t")).notes
    assert '"accept: r s0" or "accept: r s1" or "accept: r s2" (and 2 more), or remove' in note


def test_where_nothing_is_to_be_accepted():
    (note,) = apply(_review(ROUTINE), {KEY}).notes
    assert note.endswith("accepts nothing: this change has nothing that can be accepted. Remove the line")


def test_notes_that_are_there_stay():
    assert apply(Review("a", "b", (), (), ("one",)), {KEY}).notes[0] == "one"
