"""What the tests of all engines share: figures that a run measured, printed at its end."""

from __future__ import annotations

from typing import Callable

import pytest

_PROPERTY = "figure"


@pytest.fixture
def figures(request, record_property) -> Callable[[str, object], None]:
    """`figures("connects a second", 812)`: a measured value, with its unit where it has one.

    It is printed below the results, under the file and the parameters of its test, whether the
    test passes or not. Numbers with a fraction keep three significant digits.
    """

    def record(what: str, value: object) -> None:
        text = f"{value:,.3g}" if isinstance(value, float) and abs(value) < 1000 else (
            f"{value:,.0f}" if isinstance(value, (int, float)) else str(value)
        )
        record_property(_PROPERTY, (request.node.nodeid, what, text))

    return record


def pytest_terminal_summary(terminalreporter) -> None:
    found: dict[str, list[tuple[str, str]]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            # Every phase of a test reports the same properties; the last one has them all.
            if getattr(report, "when", None) != "teardown":
                continue
            for name, entry in report.user_properties:
                if name == _PROPERTY:
                    test, what, text = entry
                    found.setdefault(test, []).append((what, text))
    if not found:
        return
    terminalreporter.section("figures")
    width = max(len(what) for rows in found.values() for what, _ in rows)
    for test, rows in sorted(found.items()):
        terminalreporter.write_line(test)
        for what, text in rows:
            terminalreporter.write_line(f"  {what:{width}}  {text}")
