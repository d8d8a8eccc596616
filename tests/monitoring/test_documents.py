"""docs/monitoring.md says of each alert what Prometheus says."""

from __future__ import annotations

from pathlib import Path

from tests.monitoring.documented import sections

_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "monitoring.md"


def test_every_alert_is_described_in_its_own_words(guide_cluster_watched):
    text = _DOCUMENT.read_text("utf-8")
    wanted = "\n".join(sections(guide_cluster_watched))
    found = text.partition("## Alerts\n")[2].partition("### ")
    assert (found[1] + found[2]).strip() == wanted.strip(), f"the tables must read:\n\n{wanted}"
