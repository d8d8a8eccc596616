"""docs/sites.md: each test that it names is there, and each yes names one."""

from __future__ import annotations

import re

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "sites.md"
ROWS = re.findall(r"^\| (.+?) \| (yes|no|in part) \| (.+) \| (.*?) ?\|$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_row_is_read():
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and "| Wish |" not in line]
    assert len(ROWS) == len(lines) > 20


def test_what_shows_it_is_there():
    for wish, answer, _, shown in ROWS:
        found = re.findall(r"`([^`]+)`", shown)
        assert found or answer == "no" or "](" in shown, wish
        for name in found:
            place = ROOT / ("tests/inventory" if name.startswith(("valid/", "invalid/")) else ".") / name
            assert place.exists(), f"{wish}: {name}"
