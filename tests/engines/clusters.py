"""Which clusters an engine runs for: equal ones need not be run twice."""

from __future__ import annotations

from tests.conftest import CLUSTERS, ROOT


def one_of_each(*files: str) -> list[str]:
    """The clusters, less those whose compiled files of these names (comments aside) another one has."""
    found: dict[str, str] = {}
    for name in CLUSTERS:
        lines = [name]
        paths = [ROOT / "compiled" / name / file for file in files]
        if all(path.is_file() for path in paths):
            lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
        found["\n".join(line for line in lines if not line.startswith("#"))] = name
    return list(found.values())
