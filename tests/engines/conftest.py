"""What the tests of all engines share: who runs beside whom, and figures, printed at the end of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from components.cluster.types import Cluster
from tests.conftest import CLUSTERS, ROOT
from tests.engines.clusters import at_work
from tests.rendered import cluster_of

_PROPERTY = "figure"
_HERE = Path(__file__).parent
# What takes longest begins first, so that nothing else waits for it at the end.
_FIRST = ("virtual_machine", "changes", "argocd", "bootstrap", "commands")
# Here each file has engines of its own.
_APART = ("changes",)


class _ByEngine(LoadScopeScheduling):
    """With several processes, what an engine does for a cluster stays in one: its tests share what runs."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        engine = _engine(ROOT / path)
        if engine in _APART:
            return path
        clusters = [name for name in CLUSTERS if name in test.partition("[")[2]]
        return f"{engine} {max(clusters, key=len, default='')}"


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadScopeScheduling:
    return _ByEngine(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: rank.get(_engine(item.path), len(rank)))


def _engine(path: Path) -> str:
    """Folder of the engine that a test belongs to; nothing for a test from elsewhere."""
    return path.relative_to(_HERE).parts[0] if path.is_relative_to(_HERE) else ""


@pytest.fixture(scope="session", params=at_work())
def cluster(request) -> Cluster:
    """The Cluster of each target that differs from the others in more than its size."""
    return cluster_of(request.param)


@pytest.fixture
def figures(request, record_property) -> Callable[[str, object], None]:
    """`figures("connects a second", 812)`: a measured value, with its unit where it has one.

    It is printed below the results, under the file and the parameters of its test, whether the
    test passes or not. Numbers with a fraction keep three significant digits.
    """

    def record(what: str, value: object) -> None:
        text = (
            f"{value:,.3g}"
            if isinstance(value, float) and abs(value) < 1000
            else (f"{value:,.0f}" if isinstance(value, (int, float)) else str(value))
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
