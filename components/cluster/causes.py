"""From findings to what an operator has to change: each cause once, by file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from components.inventory.finding import Finding, Path
from components.inventory.origin import Origin


def causes(findings: Sequence[Finding], origin: Origin) -> list[Finding]:
    """Move findings to where the value is written by hand, drop what only follows from another.

    A value such as ${nodeports:mqtt} in a class is wrong where nodeports.mqtt is set;
    one such as ${volumes:root}/kafka follows from volumes.root if that is wrong too.
    """
    moved = [_at_source(finding, origin) for finding in findings]
    wrong = {finding.path for finding in moved}
    kept: list[Finding] = []
    for finding in moved:
        if finding not in kept and (finding.of_key or not _follows(finding.path, wrong, origin)):
            kept.append(finding)
    return sorted(kept, key=lambda finding: origin.place(finding.path))


def _at_source(finding: Finding, origin: Origin) -> Finding:
    return finding if finding.of_key else replace(finding, path=origin.source(finding.path))


def _follows(path: Path, wrong: set[Path], origin: Origin) -> bool:
    return any(reference in wrong for reference in origin.references(path))
