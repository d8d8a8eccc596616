"""A review on a terminal: it says what the comment says, moves no cursor, and keeps to its width."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings

from components.review.forms import terminal
from components.review.types import Verdict
from tests.review.forms.reviews import CHANGED, DANGER, SHAPES, full, review, reviews

_PAINT = re.compile(r"\x1b\[[0-9;]*m")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(reviews)
def test_nothing_that_is_quoted_reaches_the_terminal_as_a_command(found):
    plain = terminal.text(found, color=False, width=80)
    assert not [each for each in plain if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert _PAINT.sub("", terminal.text(found, color=True, width=80)) == plain


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("width", [0, 40, 80, 200])
def test_lines_keep_to_the_width_but_for_what_is_one_name(name, width):
    for line in terminal.text(SHAPES[name], color=False, width=width).splitlines():
        # What could have been broken is a space behind the mark and the indent.
        assert len(line) <= max(width, 40) or " " not in re.sub(r"^ *(- |\d+\. )?", "", line), line


def test_the_level_comes_first_and_is_painted():
    text = terminal.text(SHAPES["one"], color=True, width=80)
    assert text.startswith("\x1b[1;31mDANGER\x1b[0m: 1 danger has to be taken out")
    assert "\x1b[31m      -b=2\x1b[0m" in text and "\x1b[32m      +b=20\x1b[0m" in text


def test_what_is_to_be_copied_is_not_broken_inside_a_name():
    long = Verdict("volume-moved", DANGER.level, "PersistentVolume/" + "a-b-" * 30, "Moved.")
    assert long.subject in terminal.text(review(full(verdicts=(long,))), color=False, width=60)


def test_each_part_has_its_lines():
    text = terminal.text(SHAPES["one"], color=False, width=100)
    assert "\n  1. bootstrap.sh load-balancer on lb-1, lb-2 (attention): HAProxy reloads." in text
    assert "\n  storage, wave 0\n  - PersistentVolume/kafka-3 added\n  kafka, wave 3\n" in text
    assert "\n    - spec.replicas: 3 → 5\n" in text
    assert "\n  - vernemq, wave 5: 3 pods, one after the other; 100,000 sessions of devices end with them\n" in text
    assert "\n  - Workers: 6 → 7\n  - Devices: new, 100,000\n  - Broker: gone, was 1.2\n" in text


def test_everything_is_told():
    assert all(f"map-{number} " in terminal.text(SHAPES["huge"], color=False, width=80) for number in (0, 1_499, 2_999))
    assert CHANGED.identity.name in terminal.text(SHAPES["many alike"], color=False, width=80)
