"""Two values of a field beside each other."""

from __future__ import annotations

import pytest

from components.review.forms.story import Code
from components.review.forms.values import told
from components.review.types import ABSENT, Field


def _words(before, after) -> str:
    return "".join(each.text if isinstance(each, Code) else each for each in told(Field(("a",), before, after)).words)


@pytest.mark.parametrize(
    "before, after, said",
    [
        (1, 2, "a: 1 → 2"),
        (1, "1", 'a: 1 → "1"'),
        (None, "null", 'a: null → "null"'),
        ("", "x", 'a: "" → x'),
        (ABSENT, None, "a: new, null"),
        (ABSENT, "", 'a: new, ""'),
        ({"k": [1, "ü"]}, ABSENT, 'a: gone, was {"k": [1, "ü"]}'),
        (True, False, "a: true → false"),
        ("x" * 300, "x" * 300 + "y", f"a: …{'x' * 20} → …{'x' * 20}y"),
        ("a\x1b[2J", "b", "a: a\\x1b[2J → b"),
        (ABSENT, "é" * 150, f"a: new, {'é' * 100} … (50 more characters)"),
    ],
)
def test_values(before, after, said):
    assert _words(before, after) == said


def test_texts_of_lines_are_a_diff():
    lines = [f"{number}" for number in range(50)]
    changed = [*lines[:20], "new", *lines[21:]]
    assert told(Field(("a",), "\n".join(lines), "\n".join(changed))).diff == (" 19", "-20", "+new", " 21")


def test_only_the_ends_of_lines():
    assert told(Field(("a",), "x\r\ny\n", "x\ny\n")).diff == ("… only the ends of lines differ",)
    assert _words("x\n", "x") == "a: x\\n → x"


def test_one_long_line_with_an_end_is_two_values():
    assert _words(f"{'x' * 300}1\n", f"{'x' * 300}2\n") == f"a: …{'x' * 20}1\\n → …{'x' * 20}2\\n"


def test_texts_that_are_too_long_are_not_compared():
    before, after = ("\n".join(f"{side}{number}" for number in range(5_000)) for side in "ab")
    assert told(Field(("a",), before, after)).diff == (
        "… 5,000 lines before, 5,000 after: too many to be compared here",
    )


def test_a_control_character_in_a_diff_is_shown():
    assert told(Field(("a",), "x\n", "x\n\x1b[2J\n")).diff == (" x", "+\\x1b[2J")
