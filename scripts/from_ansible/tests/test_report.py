"""Lines of the report: the compiler's own form, values as they are written."""

from __future__ import annotations

import pytest

from scripts.from_ansible.report import Report


@pytest.mark.parametrize(
    "value, way_out, line",
    [
        (None, "", "file:1: key: it means something."),
        ("2.0", "Write it", "file:1: key = 2.0: it means something. Write it."),
        (False, "Is it?", "file:1: key = false: it means something. Is it?"),
        ("two\n lines", "", "file:1: key = two lines: it means something."),
    ],
)
def test_a_line(value, way_out, line):
    report = Report()
    for _ in range(2):
        report.note("file:1", "key", "it means something", way_out, value)
        report.finding("file:1", "key", "it means something", way_out, value)
    assert (report.notes, report.findings) == ([line], [line])
