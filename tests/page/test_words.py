"""Markdown cells, numbers, sizes and times."""

from __future__ import annotations

import pytest

from components.page.capacity import percent
from components.page.markdown import code, row, tidy
from components.page.words import amount, count, names, plural, seconds


def test_a_pipe_does_not_end_a_cell():
    assert row("x|y", "", 3) == "| x\\|y | – | 3 |"


def test_code_may_hold_a_backquote():
    assert code("a`b") == "`` a`b ``"


def test_a_templates_text_is_tidied():
    assert tidy("\n\na \\\n  b\n\n\n\n#. c\n   - d\n#. e\n\n#. f\n") == "a b\n\n1. c\n   - d\n2. e\n\n1. f\n"


@pytest.mark.parametrize(("number", "text"), [(100000, "100,000"), (66.66, "66.7"), (5.0, "5"), (3333.3, "3,333")])
def test_counts(number, text):
    assert count(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(400, "400 B"), (2**30, "1 GiB"), (9518592000, "8.9 GiB"), (10 * 2**20, "10 MiB")]
)
def test_amounts(number, text):
    assert amount(number).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(("number", "text"), [(5, "5 s"), (1500, "1,500 s (25 min)"), (150, "150 s (2.5 min)")])
def test_times(number, text):
    assert seconds(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.234, "23 %"), (0.00002, "< 1 %"), (0, "0 %"), (0.9993, "> 99 %"), (1, "100 %"), (-0.4746, "-47 %")],
)
def test_headroom(share, text):
    assert percent(share) == text


def test_lists_of_names():
    assert names(["a", "b"]) == "a, b"
    assert names([f"n{number}" for number in range(1, 9)]) == "n1 … n8 (8)"
    assert plural(1, "node") == "1 node" and plural(2000, "node") == "2,000 nodes"
