"""A check that has to fail."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from unittest.mock import patch

from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster


def fails_in(
    made: RehearsedCluster, check: Callable[[RehearsedCluster], None], words: str, seconds: float = 60
) -> None:
    """A failure of the rehearsal itself, unless this check finds what `words` say; what it finds is no failure."""

    def found() -> bool:
        report = dataclasses.replace(made.report, out=io.StringIO(), rows=[], failures=[])
        with patch.object(made, "report", report):
            check(made)
        return any(words in failure for failure in report.failures)

    if not until(found, seconds, pause=3):
        made.report.fail(f"{check.__name__} has found nothing that says {words!r}")
